package io.strand.grpc.sample.echo;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.Answers;
import io.strand.grpc.sample.SampleTest;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.EchoResponse;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;

import static org.assertj.core.api.Assertions.assertThat;

@SampleTest
class EchoServiceTests {

	private static final Metadata.Key<String> TIMESTAMP = Metadata.Key.of("timestamp",
			Metadata.ASCII_STRING_MARSHALLER);

	@Autowired
	private EchoGrpc.EchoBlockingStub blocking;

	@Autowired
	private EchoGrpc.EchoStub async;

	@Test
	void unaryEchoAnswersWithTheMessage() {
		assertThat(this.blocking.unaryEcho(request("hello")).getMessage()).isEqualTo("hello");
	}

	@Test
	void serverStreamingEchoRepeatsTheMessage() {
		List<String> answers = new ArrayList<>();
		this.blocking.serverStreamingEcho(request("again"))
			.forEachRemaining((answer) -> answers.add(answer.getMessage()));
		assertThat(answers).hasSize(10).containsOnly("again");
	}

	@Test
	void clientStreamingEchoAnswersWithTheLastMessage() throws Exception {
		Answers<EchoResponse> answers = new Answers<>();
		send(this.async.clientStreamingEcho(answers), List.of("one", "two", "three"));
		assertThat(answers.await()).extracting(EchoResponse::getMessage).containsExactly("three");
	}

	@Test
	void clientStreamingEchoOfNothingIsEmpty() throws Exception {
		Answers<EchoResponse> answers = new Answers<>();
		send(this.async.clientStreamingEcho(answers), List.of());
		assertThat(answers.await()).containsExactly(EchoResponse.getDefaultInstance());
	}

	@Test
	void bidirectionalStreamingEchoAnswersEachMessageInOrder() throws Exception {
		List<String> messages = IntStream.range(0, 1000).mapToObj((i) -> "message " + i).toList();
		Answers<EchoResponse> answers = new Answers<>();
		send(this.async.bidirectionalStreamingEcho(answers), messages);
		assertThat(answers.await()).extracting(EchoResponse::getMessage).containsExactlyElementsOf(messages);
	}

	@Test
	void headersAndTrailersHaveATimestamp() {
		AtomicReference<Metadata> headers = new AtomicReference<>();
		AtomicReference<Metadata> trailers = new AtomicReference<>();
		this.blocking.withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers))
			.unaryEcho(request("when?"));
		assertThat(headers.get().get(TIMESTAMP)).isNotEmpty();
		assertThat(trailers.get().get(TIMESTAMP)).isNotEmpty();
	}

	private static void send(StreamObserver<EchoRequest> stream, List<String> messages) {
		messages.forEach((message) -> stream.onNext(request(message)));
		stream.onCompleted();
	}

	private static EchoRequest request(String message) {
		return EchoRequest.newBuilder().setMessage(message).build();
	}

}
