package io.strand.grpc.transport;

import java.util.concurrent.Executor;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link HookedCredentials}: nothing of the given credentials is lost.
 */
class HookedCredentialsTests {

	private final ChannelCredentials plaintext = InsecureChannelCredentials.create();

	@Test
	void credentialsOfCallsStay() {
		CallCredentials ofCalls = new CallCredentials() {

			@Override
			public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
			}

		};
		ChannelCredentials hooked = hooked(CompositeChannelCredentials.create(this.plaintext, ofCalls));
		assertThat(hooked).isInstanceOfSatisfying(CompositeChannelCredentials.class, (composite) -> {
			assertThat(composite.getCallCredentials()).isSameAs(ofCalls);
			assertThat(composite.getChannelCredentials()).isNotSameAs(this.plaintext);
		});
	}

	@Test
	void choiceStays() {
		ChannelCredentials unknown = new Unknown();
		ChannelCredentials hooked = hooked(ChoiceChannelCredentials.create(unknown, this.plaintext));
		assertThat(hooked).isInstanceOfSatisfying(ChoiceChannelCredentials.class, (choice) -> {
			assertThat(choice.getCredentialsList()).hasSize(2).first().isSameAs(unknown);
			assertThat(choice.getCredentialsList()).last().isNotSameAs(this.plaintext);
		});
	}

	@Test
	void whatTheTransportDoesNotKnowIsForItToRefuse() {
		ChannelCredentials unknown = new Unknown();
		assertThat(hooked(unknown)).isSameAs(unknown);
	}

	private static ChannelCredentials hooked(ChannelCredentials credentials) {
		return HookedCredentials.of(credentials, (transport, negotiation) -> negotiation);
	}

	private static final class Unknown extends ChannelCredentials {

		@Override
		public ChannelCredentials withoutBearerTokens() {
			return this;
		}

	}

}
