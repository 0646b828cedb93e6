package io.strand.grpc.autoconfigure.client;

import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A call that a handler makes inherits the deadline of the call that it serves, on
 * whatever thread of the call and by whatever kind of method.
 */
@ExtendWith(LeakCheckExtension.class)
class InheritedDeadlineTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").setNumber(1).build();

	private final RecordingServer back = RecordingServer.start(new EchoService());

	@AfterEach
	void close() {
		this.back.close();
	}

	@ParameterizedTest
	@EnumSource
	void theDeadlineIsInherited(Hop hop) {
		run((client) -> {
			hop.call(client.withDeadlineAfter(2, TimeUnit.HOURS));
			assertBackHas(7100, 7200);
		});
	}

	@ParameterizedTest
	@EnumSource
	void theMarginShortensIt(Hop hop) {
		run((client) -> {
			hop.call(client.withDeadlineAfter(2, TimeUnit.HOURS));
			assertBackHas(3500, 3600);
		}, "deadline-margin=1h");
	}

	@ParameterizedTest
	@EnumSource
	void anEarlierDefaultCounts(Hop hop) {
		run((client) -> {
			hop.call(client.withDeadlineAfter(2, TimeUnit.HOURS));
			assertBackHas(500, 600);
		}, "deadline=10m", "stream-deadline=10m", "deadline-margin=1h");
	}

	@ParameterizedTest
	@EnumSource
	void onPlatformThreadsToo(Hop hop) {
		run((client) -> {
			hop.call(client.withDeadlineAfter(2, TimeUnit.HOURS));
			assertBackHas(7100, 7200);
		}, "require-deadline=fail", "strand.server.handler.threading=platform");
	}

	private void assertBackHas(long least, long most) {
		await().until(() -> !this.back.calls().isEmpty());
		assertThat(this.back.lastCall().secondsLeft()).isBetween(least, most);
	}

	private void run(Consumer<EchoBlockingStub> calls, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.back.target=" + this.back.target())
			.withPropertyValues(Stream.of(properties)
				.map((property) -> property.startsWith("strand.") ? property
						: "strand.client.channels.back." + property)
				.toArray(String[]::new))
			.withBean(Front.class)
			.run((context) -> {
				try (TestClient client = TestClient.tcp(context.getBean(GrpcServer.class).getPort())) {
					calls.accept(client.echo());
				}
			});
	}

	/** A kind of method whose handler calls on. */
	enum Hop {

		UNARY {
			@Override
			void call(EchoBlockingStub stub) {
				assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
			}
		},

		SERVER_STREAM {
			@Override
			void call(EchoBlockingStub stub) {
				Iterator<Message> stream = stub.serverStream(MESSAGE);
				assertThat(stream.next()).isEqualTo(MESSAGE);
				assertThat(stream.hasNext()).isFalse();
			}
		},

		CLIENT_STREAM {
			@Override
			void call(EchoBlockingStub stub) {
				send(EchoGrpc.newStub(stub.getChannel())
					.withDeadline(stub.getCallOptions().getDeadline())::clientStream);
			}
		},

		BIDI {
			@Override
			void call(EchoBlockingStub stub) {
				send(EchoGrpc.newStub(stub.getChannel()).withDeadline(stub.getCallOptions().getDeadline())::bidi);
			}
		};

		abstract void call(EchoBlockingStub stub);

	}

	private static void send(UnaryOperator<StreamObserver<Message>> method) {
		CompletableFuture<Void> end = new CompletableFuture<>();
		StreamObserver<Message> requests = method.apply(new StreamObserver<>() {

			@Override
			public void onNext(Message response) {
				assertThat(response).isEqualTo(MESSAGE);
			}

			@Override
			public void onError(Throwable ex) {
				end.completeExceptionally(ex);
			}

			@Override
			public void onCompleted() {
				end.complete(null);
			}

		});
		requests.onNext(MESSAGE);
		requests.onCompleted();
		assertThat(end).succeedsWithin(20, TimeUnit.SECONDS);
	}

	/**
	 * Answers with what the server behind it answers.
	 */
	@GrpcService
	static class Front extends EchoGrpc.EchoImplBase {

		private final EchoBlockingStub back;

		Front(@GrpcClient("back") EchoBlockingStub back) {
			this.back = back;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			responses.onNext(this.back.unary(request));
			responses.onCompleted();
		}

		@Override
		public void serverStream(Message request, StreamObserver<Message> responses) {
			this.back.serverStream(request).forEachRemaining(responses::onNext);
			responses.onCompleted();
		}

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			return new CallingOn(responses) {

				@Override
				public void onNext(Message request) {
				}

				@Override
				public void onCompleted() {
					responses.onNext(Front.this.back.unary(MESSAGE));
					responses.onCompleted();
				}

			};
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			return new CallingOn(responses) {

				@Override
				public void onNext(Message request) {
					Front.this.back.serverStream(request).forEachRemaining(responses::onNext);
				}

				@Override
				public void onCompleted() {
					responses.onCompleted();
				}

			};
		}

	}

	abstract static class CallingOn implements StreamObserver<Message> {

		private final StreamObserver<Message> responses;

		CallingOn(StreamObserver<Message> responses) {
			this.responses = responses;
		}

		@Override
		public void onError(Throwable ex) {
			this.responses.onError(ex);
		}

	}

}
