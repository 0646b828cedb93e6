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
 * Tests for {@link ToolCall}.
 */
class ToolCallTests {

	private final Transport transport = new Transport();

	private final ToolCall<Message, Message> tool = new ToolCall<>(this.transport);

	@Test
	void whoReadsIsEndedInOrderAndWhatItsHandlerSendsLaterGoesNowhere() {
		this.tool.sendMessage(Message.getDefaultInstance());
		this.tool.end();
		this.tool.sendMessage(Message.getDefaultInstance());
		this.tool.close(Status.INTERNAL, new Metadata());
		this.tool.end();
		assertThat(this.transport.heard).containsExactly("message", "OK");
	}

	@Test
	void whoDoesNotReadIsEndedWithAnErrorWhichOvertakesASenderThatWaits() {
		this.transport.ready = false;
		this.tool.end();
		assertThat(this.transport.heard).containsExactly("UNAVAILABLE");
	}

	@Test
	void whoseHandlerSendsIsEndedWithAnErrorForThatMayBeginToWait() {
		this.transport.whileSending = this.tool::end;
		this.tool.sendMessage(Message.getDefaultInstance());
		assertThat(this.transport.heard).containsExactly("UNAVAILABLE", "message");
	}

	private static final class Transport extends SilentServerCall<Message, Message> {

		private final List<String> heard = new ArrayList<>();

		private boolean ready = true;

		private Runnable whileSending = () -> {
		};

		@Override
		public boolean isReady() {
			return this.ready;
		}

		@Override
		public void sendMessage(Message message) {
			this.whileSending.run();
			this.heard.add("message");
		}

		@Override
		public void close(Status status, Metadata trailers) {
			this.heard.add(status.getCode().name());
		}

	}

}
