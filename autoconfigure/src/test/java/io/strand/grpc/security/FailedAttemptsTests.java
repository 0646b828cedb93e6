package io.strand.grpc.security;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerCall;
import io.strand.grpc.testing.EchoGrpc;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.willReturn;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link FailedAttempts}.
 */
class FailedAttemptsTests {

	private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 10);

	private final FailedAttempts attempts = new FailedAttempts(3, Duration.ofMinutes(1), this.now::get);

	@Test
	void addressIsRefusedAfterTheLimitUntilItsWindowEnds() throws Exception {
		ServerCall<?, ?> guesser = from("10.0.0.1");
		ServerCall<?, ?> other = from("10.0.0.2");
		for (int i = 0; i < 3; i++) {
			assertThatNoException().isThrownBy(() -> this.attempts.refuseIfTooMany(guesser));
			this.attempts.failed(guesser);
		}
		assertThatThrownBy(() -> this.attempts.refuseIfTooMany(guesser))
			.isInstanceOf(TooManyFailedAttemptsException.class)
			.hasMessageContaining("3 authentications");
		assertThatNoException().isThrownBy(() -> this.attempts.refuseIfTooMany(other));
		this.now.addAndGet(Duration.ofSeconds(59).toNanos());
		assertThatThrownBy(() -> this.attempts.refuseIfTooMany(guesser))
			.isInstanceOf(TooManyFailedAttemptsException.class);
		this.now.addAndGet(Duration.ofSeconds(1).toNanos());
		assertThatNoException().isThrownBy(() -> this.attempts.refuseIfTooMany(guesser));
		this.attempts.failed(guesser);
		assertThatNoException().isThrownBy(() -> this.attempts.refuseIfTooMany(guesser));
	}

	@Test
	void addressesOfOneNetworkCountAsOne() throws Exception {
		this.attempts.failed(from("2001:db8:1:2::1"));
		this.attempts.failed(from("2001:db8:1:2::2"));
		this.attempts.failed(from("2001:db8:1:2:ffff::3"));
		ServerCall<?, ?> same = from("2001:db8:1:2::4");
		ServerCall<?, ?> other = from("2001:db8:1:3::4");
		assertThatThrownBy(() -> this.attempts.refuseIfTooMany(same))
			.isInstanceOf(TooManyFailedAttemptsException.class);
		assertThatNoException().isThrownBy(() -> this.attempts.refuseIfTooMany(other));
	}

	@Test
	void memoryIsBounded() throws Exception {
		for (int i = 0; i < 30_000; i++) {
			this.attempts.failed(from("10.%d.%d.%d".formatted(i >> 16, (i >> 8) & 255, i & 255)));
		}
		assertThat(this.attempts.size()).isEqualTo(FailedAttempts.MAX_ADDRESSES);
	}

	@Test
	void clientsWithoutAddressAreNotCounted() {
		ServerCall<?, ?> local = from((SocketAddress) null);
		for (int i = 0; i < 10; i++) {
			this.attempts.failed(local);
		}
		assertThatNoException().isThrownBy(() -> this.attempts.refuseIfTooMany(local));
		assertThat(this.attempts.size()).isZero();
	}

	private static ServerCall<?, ?> from(String address) throws Exception {
		return from(new InetSocketAddress(InetAddress.getByName(address), 1234));
	}

	private static ServerCall<?, ?> from(@Nullable SocketAddress address) {
		ServerCall<?, ?> call = mock(ServerCall.class);
		Attributes.Builder attributes = Attributes.newBuilder();
		if (address != null) {
			attributes.set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, address);
		}
		given(call.getAttributes()).willReturn(attributes.build());
		willReturn(EchoGrpc.getUnaryMethod()).given(call).getMethodDescriptor();
		return call;
	}

}
