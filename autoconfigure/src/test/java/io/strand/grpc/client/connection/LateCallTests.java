package io.strand.grpc.client.connection;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * What may happen to a call before, while and after it gets its channel.
 */
class LateCallTests {

	private final List<String> events = new ArrayList<>();

	@Test
	void theListenerMayUseTheCallWhileItStarts() {
		TestCall call = new TestCall((listener) -> listener.onReady());
		call.start(new ClientCall.Listener<>() {

			@Override
			public void onReady() {
				assertThat(call.isReady()).isTrue();
				call.request(3);
			}

		}, new Metadata());
		assertThat(this.events).containsExactly("request 3", "started", "failed=false");
	}

	@Test
	void aCallThatIsCancelledBeforeItsStartDoesNotStart() {
		TestCall call = new TestCall((listener) -> {
		});
		call.cancel("no longer wanted", null);
		assertThat(call.isReady()).isFalse();
		assertThatIllegalStateException().isThrownBy(() -> call.start(new ClientCall.Listener<>() {
		}, new Metadata())).withMessageContaining("cancelled before");
		assertThat(this.events).isEmpty();
	}

	@Test
	void aCallThatIsCancelledDuringItsStartIsCancelledAfterIt() {
		TestCall call = new TestCall((listener) -> listener.onReady());
		call.start(new ClientCall.Listener<>() {

			@Override
			public void onReady() {
				call.cancel("no longer wanted", null);
			}

		}, new Metadata());
		assertThat(this.events).containsExactly("started", "cancel no longer wanted", "failed=false");
	}

	@Test
	void aStartThatFailsIsTold() {
		TestCall call = new TestCall((listener) -> {
			throw new IllegalStateException("on purpose");
		});
		assertThatIllegalStateException().isThrownBy(() -> call.start(new ClientCall.Listener<>() {
		}, new Metadata())).withMessage("on purpose");
		assertThat(this.events).containsExactly("failed=true");
	}

	@Test
	void aCallWhoseStartHasFailedCanBeCancelled() {
		TestCall call = new TestCall((listener) -> {
			throw new IllegalStateException("after the real start");
		});
		assertThatIllegalStateException().isThrownBy(() -> call.start(new ClientCall.Listener<>() {
		}, new Metadata()));
		call.cancel("as stubs do", null);
		assertThat(this.events).containsExactly("failed=true", "cancel as stubs do");
	}

	@Test
	void itStartsInTheContextThatItWasMadeIn() {
		Context.Key<String> key = Context.key("test");
		List<String> seen = new ArrayList<>();
		Context made = Context.current().withValue(key, "made here");
		Context previous = made.attach();
		TestCall call;
		try {
			call = new TestCall((listener) -> seen.add(key.get()));
		}
		finally {
			made.detach(previous);
		}
		call.start(new ClientCall.Listener<>() {
		}, new Metadata());
		assertThat(seen).containsExactly("made here");
		assertThat(key.get()).isNull();
	}

	@Test
	void itStartsOnce() {
		TestCall call = new TestCall((listener) -> {
		});
		call.start(new ClientCall.Listener<>() {
		}, new Metadata());
		assertThatIllegalStateException().isThrownBy(() -> call.start(new ClientCall.Listener<>() {
		}, new Metadata())).withMessage("Already started");
	}

	private final class TestCall extends LateCall<String, String> {

		private final Consumer<Listener<String>> onStart;

		TestCall(Consumer<Listener<String>> onStart) {
			this.onStart = onStart;
		}

		@Override
		protected ClientCall<String, String> choose() {
			return new RealCall(this.onStart);
		}

		@Override
		protected void afterStart(boolean failed) {
			LateCallTests.this.events.add("failed=" + failed);
		}

	}

	private final class RealCall extends ClientCall<String, String> {

		private final Consumer<Listener<String>> onStart;

		RealCall(Consumer<Listener<String>> onStart) {
			this.onStart = onStart;
		}

		@Override
		public void start(Listener<String> listener, Metadata headers) {
			this.onStart.accept(listener);
			LateCallTests.this.events.add("started");
		}

		@Override
		public boolean isReady() {
			return true;
		}

		@Override
		public void request(int count) {
			LateCallTests.this.events.add("request " + count);
		}

		@Override
		public void cancel(@Nullable String message, @Nullable Throwable cause) {
			LateCallTests.this.events.add("cancel " + message);
		}

		@Override
		public void halfClose() {
		}

		@Override
		public void sendMessage(String message) {
		}

	}

}
