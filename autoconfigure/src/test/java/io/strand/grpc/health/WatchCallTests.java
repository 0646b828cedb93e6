package io.strand.grpc.health;

import java.util.ArrayList;
import java.util.List;

import io.grpc.Metadata;
import io.grpc.Status;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentServerCall;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link WatchCall}.
 */
class WatchCallTests {

	private final Transport transport = new Transport();

	private final WatchCall<Message, Message> watch = new WatchCall<>(this.transport);

	@Test
	void whoReadsIsSentEachMessage() {
		send("first");
		send("second");
		assertThat(this.transport.sent).containsExactly("first", "second");
	}

	@Test
	void whoDoesNotReadIsSentTheLatestOnceItDoes() {
		this.transport.ready = false;
		send("first");
		send("second");
		assertThat(this.transport.sent).isEmpty();
		this.transport.ready = true;
		this.watch.flush();
		this.watch.flush();
		assertThat(this.transport.sent).containsExactly("second");
	}

	@Test
	void theEndComesAfterTheLatestMessage() {
		this.transport.ready = false;
		send("last");
		this.watch.end();
		assertThat(this.transport.sent).isEmpty();
		this.transport.ready = true;
		this.watch.flush();
		assertThat(this.transport.sent).containsExactly("last", "OK");
	}

	@Test
	void theEndDoesNotWaitForAClientThatHasBeenSentAll() {
		send("last");
		this.transport.ready = false;
		this.watch.end();
		assertThat(this.transport.sent).containsExactly("last", "OK");
	}

	@Test
	void whatComesAfterTheEndGoesNowhere() {
		this.watch.end();
		send("late");
		this.watch.close(Status.INTERNAL, new Metadata());
		assertThat(this.transport.sent).containsExactly("OK");
	}

	@Test
	void theEndIsNotSentWhileHeadersAre() {
		this.transport.whileHeadersAreSent = this.watch::end;
		this.watch.sendHeaders(new Metadata());
		send("late");
		assertThat(this.transport.sent).containsExactly("headers", "OK");
	}

	private void send(String text) {
		this.watch.sendMessage(Message.newBuilder().setText(text).build());
	}

	/** Takes what is sent, in the place of a client. */
	private static final class Transport extends SilentServerCall<Message, Message> {

		private final List<String> sent = new ArrayList<>();

		private boolean ready = true;

		private Runnable whileHeadersAreSent = () -> {
		};

		@Override
		public boolean isReady() {
			return this.ready;
		}

		@Override
		public void sendHeaders(Metadata headers) {
			this.whileHeadersAreSent.run();
			this.sent.add("headers");
		}

		@Override
		public void sendMessage(Message message) {
			this.sent.add(message.getText());
		}

		@Override
		public void close(Status status, Metadata trailers) {
			this.sent.add(status.getCode().name());
		}

	}

}
