package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.VarHandle;

import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a listener does anything when an answered call ends. Most do not, and to
 * bring a thread back only to find that out costs as much as to start it.
 */
public final class EndCallbacks {

	/** Of gRPC's own listener of generated unary and server-streaming methods. */
	private static final @Nullable Generated GENERATED = Generated.find();

	private EndCallbacks() {
	}

	/**
	 * Whether a listener has something to do in {@code onComplete} or {@code onCancel}.
	 * To be asked on the call's thread, after the callback that answered the call.
	 * @param listener the listener
	 * @return {@code false} if certainly not
	 */
	public static boolean arePresent(ServerCall.@Nullable Listener<?> listener) {
		if (listener instanceof Aware aware) {
			return aware.hasEndCallbacks();
		}
		return listener == null || GENERATED == null || GENERATED.arePresent(listener);
	}

	/**
	 * A listener that knows whether the end of an answered call means anything to it.
	 */
	public interface Aware {

		/**
		 * Whether {@code onComplete} or {@code onCancel} of this listener do anything.
		 * @return {@code false} if certainly not
		 */
		boolean hasEndCallbacks();

	}

	/**
	 * Where the handlers that an application sets with its {@code
	 * ServerCallStreamObserver} are kept. gRPC has no way to ask for them; where they
	 * cannot be seen, as in a native image, they count as present.
	 */
	private record Generated(Class<?> listenerType, VarHandle observer, VarHandle onClose, VarHandle onCancel) {

		private static final String STUBS = "io.grpc.stub.ServerCalls$";

		static @Nullable Generated find() {
			try {
				Class<?> listener = Class.forName(STUBS + "UnaryServerCallHandler$UnaryServerCallListener");
				Class<?> observer = Class.forName(STUBS + "ServerCallStreamObserverImpl");
				Lookup ofListener = MethodHandles.privateLookupIn(listener, MethodHandles.lookup());
				Lookup ofObserver = MethodHandles.privateLookupIn(observer, MethodHandles.lookup());
				return new Generated(listener, ofListener.findVarHandle(listener, "responseObserver", observer),
						ofObserver.findVarHandle(observer, "onCloseHandler", Runnable.class),
						ofObserver.findVarHandle(observer, "onCancelHandler", Runnable.class));
			}
			catch (ReflectiveOperationException | RuntimeException ex) {
				return null;
			}
		}

		boolean arePresent(ServerCall.Listener<?> listener) {
			if (listener.getClass() != this.listenerType) {
				return true;
			}
			Object set = this.observer.get(listener);
			return this.onClose.get(set) != null || this.onCancel.get(set) != null;
		}

	}

}
