package io.strand.grpc.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Tests for {@link ServedStream}, for the streams of each kind of method.
 */
@Timeout(60)
class ServedStreamTests extends BlockingStreamTestBase {

	private static final Metadata.Key<String> KEY = Metadata.Key.of("note", Metadata.ASCII_STRING_MARSHALLER);

	@ParameterizedTest
	@EnumSource
	void headersAndTrailersGoAlong(Style style) {
		handle((stream) -> {
			assertThat(stream.headers()).isSameAs(stream.call().headers());
			String note = stream.headers().get(KEY);
			stream.responseHeaders().put(KEY, "header for " + note);
			stream.responseTrailers().put(KEY, "trailer for " + note);
		});
		start(Kind.STRAND_NETTY, style, ConcurrentSend.SERIALIZE);
		for (MethodDescriptor<Message, Message> method : methods(style)) {
			Metadata sent = new Metadata();
			sent.put(KEY, "ada");
			AtomicReference<Metadata> headers = new AtomicReference<>();
			AtomicReference<Metadata> trailers = new AtomicReference<>();
			Channel channel = ClientInterceptors.intercept(server().channel(),
					MetadataUtils.newAttachHeadersInterceptor(sent),
					MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
			assertThat(Outcome.of(channel, method, soon(), number(1)).status()).isEqualTo(Status.OK);
			assertThat(headers.get().getAll(KEY)).as("%s", method.getType()).containsExactly("header for ada");
			assertThat(trailers.get().getAll(KEY)).as("%s", method.getType()).containsExactly("trailer for ada");
		}
	}

	@ParameterizedTest
	@EnumSource
	void streamKnowsThatItsCallIsCancelled(Style style) {
		List<Boolean> cancelled = new CopyOnWriteArrayList<>();
		AtomicReference<CountDownLatch> entered = new AtomicReference<>();
		CountDownLatch never = new CountDownLatch(1);
		handle((stream) -> {
			cancelled.add(stream.isCancelled());
			entered.get().countDown();
			// Until the cancellation interrupts
			assertThat(catchThrowable(never::await)).isInstanceOf(InterruptedException.class);
			cancelled.add(stream.isCancelled());
		});
		start(Kind.STRAND_NETTY, style, ConcurrentSend.SERIALIZE);
		for (MethodDescriptor<Message, Message> method : methods(style)) {
			cancelled.clear();
			entered.set(new CountDownLatch(1));
			Outcome call = call(method, number(1));
			within(entered.get());
			call.cancel();
			awaitNoCalls();
			assertThat(cancelled).as("%s", method.getType()).containsExactly(false, true);
		}
	}

	@ParameterizedTest
	@EnumSource
	void streamIsToldThatTheServerDrains(Style style) {
		List<MethodDescriptor<Message, Message>> methods = methods(style);
		List<Boolean> draining = new CopyOnWriteArrayList<>();
		CountDownLatch entered = new CountDownLatch(methods.size());
		handle((stream) -> {
			CountDownLatch told = new CountDownLatch(1);
			stream.onDrain(told::countDown);
			draining.add(stream.isDraining());
			entered.countDown();
			within(told);
			draining.add(stream.isDraining());
		});
		start(Kind.STRAND_NETTY, style, ConcurrentSend.SERIALIZE);
		List<Outcome> calls = new ArrayList<>();
		methods.forEach((method) -> calls.add(call(method, number(1))));
		within(entered);
		assertThat(draining).hasSize(methods.size()).containsOnly(false);
		server().engine().drain();
		calls.forEach((call) -> assertThat(call.status()).isEqualTo(Status.OK));
		assertThat(draining).filteredOn((told) -> told).hasSize(methods.size());
	}

	/** Those that have a blocking stream. */
	private static List<MethodDescriptor<Message, Message>> methods(Style style) {
		return (style == Style.HANDLER) ? List.of(SERVER_STREAM, CLIENT_STREAM, BIDI) : List.of(CLIENT_STREAM, BIDI);
	}

	private void handle(Consumer<ServedStream> body) {
		this.echo.serverStream = (request, responses) -> {
			body.accept(responses);
			responses.send(request);
		};
		this.echo.clientStream = (requests) -> {
			body.accept(requests);
			return requests.receive();
		};
		this.echo.bidi = (stream) -> {
			body.accept(stream);
			stream.send(stream.receive());
		};
	}

}
