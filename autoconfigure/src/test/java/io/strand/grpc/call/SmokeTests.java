package io.strand.grpc.call;

import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

import com.google.protobuf.ByteString;
import io.grpc.*;
import io.grpc.stub.*;
import io.strand.grpc.testing.*;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.*;

class SmokeTests {

	static class EchoService extends EchoGrpc.EchoImplBase {

		final Set<Thread> threads = ConcurrentHashMap.newKeySet();

		volatile int sentSlow;

		@Override
		public void unary(Message m, StreamObserver<Message> out) {
			threads.add(Thread.currentThread());
			if (m.getText().equals("boom"))
				throw new IllegalArgumentException("secret");
			out.onNext(m);
			out.onCompleted();
		}

		@Override
		public void serverStream(Message m, StreamObserver<Message> out) {
			if (m.getText().equals("threads")) {
				Thread[] ts = new Thread[m.getNumber()];
				for (int t = 0; t < ts.length; t++) {
					int id = t;
					ts[t] = new Thread(() -> {
						for (int i = 0; i < 1000; i++)
							out.onNext(Message.newBuilder().setText("" + id).setNumber(i).build());
					});
				}
				for (Thread t : ts)
					t.start();
				try {
					for (Thread t : ts)
						t.join();
				}
				catch (InterruptedException e) {
					throw new RuntimeException(e);
				}
				out.onCompleted();
				return;
			}
			for (int i = 0; i < m.getNumber(); i++) {
				out.onNext(Message.newBuilder().setNumber(i).setPayload(ByteString.copyFrom(new byte[16384])).build());
				sentSlow = i + 1;
			}
			out.onCompleted();
		}

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> out) {
			return new StreamObserver<>() {
				int n;

				Thread t = Thread.currentThread();

				public void onNext(Message m) {
					n++;
				}

				public void onError(Throwable t) {
				}

				public void onCompleted() {
					out.onNext(Message.newBuilder().setNumber(n).build());
					out.onCompleted();
				}
			};
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> out) {
			return new StreamObserver<>() {
				public void onNext(Message m) {
					for (int i = 0; i < 16; i++)
						out.onNext(m);
				}

				public void onError(Throwable t) {
				}

				public void onCompleted() {
					out.onCompleted();
				}
			};
		}

	}

	@ParameterizedTest
	@EnumSource(EngineServer.Kind.class)
	void all(EngineServer.Kind kind) throws Exception {
		EchoService service = new EchoService();
		try (EngineServer server = new EngineServer(kind, HandlerSettings.DEFAULT, List.of(), service)) {
			EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(server.channel())
				.withDeadlineAfter(20, TimeUnit.SECONDS);
			for (int i = 0; i < 200; i++)
				assertThat(stub.unary(Message.newBuilder().setNumber(i).build()).getNumber()).isEqualTo(i);
			System.out.println(kind + " threads " + service.threads.size() + " " + service.threads.iterator().next());
			assertThatThrownBy(() -> stub.unary(Message.newBuilder().setText("boom").build()))
				.hasMessageNotContaining("secret");
			int n = 0;
			Iterator<Message> it = stub.serverStream(Message.newBuilder().setNumber(300).build());
			while (it.hasNext()) {
				assertThat(it.next().getNumber()).isEqualTo(n++);
			}
			assertThat(n).isEqualTo(300);
			if (kind.isStrand()) {
				n = 0;
				int[] next = new int[8];
				it = stub.serverStream(Message.newBuilder().setText("threads").setNumber(8).build());
				while (it.hasNext()) {
					Message m = it.next();
					int id = Integer.parseInt(m.getText());
					assertThat(m.getNumber()).isEqualTo(next[id]++);
					n++;
				}
				assertThat(n).isEqualTo(8000);
			}
			CompletableFuture<Integer> count = new CompletableFuture<>();
			AtomicInteger c = new AtomicInteger();
			StreamObserver<Message> req = EchoGrpc.newStub(server.channel()).bidi(new StreamObserver<>() {
				public void onNext(Message m) {
					c.incrementAndGet();
				}

				public void onError(Throwable t) {
					count.completeExceptionally(t);
				}

				public void onCompleted() {
					count.complete(c.get());
				}
			});
			for (int i = 0; i < 1000; i++)
				req.onNext(Message.newBuilder().setNumber(i).build());
			req.onCompleted();
			assertThat(count.get(10, TimeUnit.SECONDS)).isEqualTo(16000);
			CompletableFuture<Integer> up = new CompletableFuture<>();
			req = EchoGrpc.newStub(server.channel()).clientStream(new StreamObserver<>() {
				public void onNext(Message m) {
					up.complete(m.getNumber());
				}

				public void onError(Throwable t) {
					up.completeExceptionally(t);
				}

				public void onCompleted() {
				}
			});
			for (int i = 0; i < 1000; i++)
				req.onNext(Message.newBuilder().setNumber(i).build());
			req.onCompleted();
			assertThat(up.get(10, TimeUnit.SECONDS)).isEqualTo(1000);
			org.awaitility.Awaitility.await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		}
	}

}
