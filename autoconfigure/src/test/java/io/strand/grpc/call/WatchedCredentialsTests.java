package io.strand.grpc.call;

import java.util.concurrent.Executor;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link WatchedCredentials}: nothing of the given credentials is lost.
 */
class WatchedCredentialsTests {

	private final ChannelCredentials plaintext = InsecureChannelCredentials.create();

	@Test
	void credentialsOfCallsStay() {
		CallCredentials ofCalls = new CallCredentials() {

			@Override
			public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
			}

		};
		ChannelCredentials watched = WatchedCredentials.of(CompositeChannelCredentials.create(this.plaintext, ofCalls));
		assertThat(watched).isInstanceOfSatisfying(CompositeChannelCredentials.class, (composite) -> {
			assertThat(composite.getCallCredentials()).isSameAs(ofCalls);
			assertThat(composite.getChannelCredentials()).isNotSameAs(this.plaintext);
		});
	}

	@Test
	void choiceStays() {
		ChannelCredentials unknown = new Unknown();
		ChannelCredentials watched = WatchedCredentials.of(ChoiceChannelCredentials.create(unknown, this.plaintext));
		assertThat(watched).isInstanceOfSatisfying(ChoiceChannelCredentials.class, (choice) -> {
			assertThat(choice.getCredentialsList()).hasSize(2).first().isSameAs(unknown);
			assertThat(choice.getCredentialsList()).last().isNotSameAs(this.plaintext);
		});
	}

	@Test
	void whatTheTransportDoesNotKnowIsForItToRefuse() {
		ChannelCredentials unknown = new Unknown();
		assertThat(WatchedCredentials.of(unknown)).isSameAs(unknown);
	}

	private static final class Unknown extends ChannelCredentials {

		@Override
		public ChannelCredentials withoutBearerTokens() {
			return this;
		}

	}

}
