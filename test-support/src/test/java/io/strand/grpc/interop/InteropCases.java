package io.strand.grpc.interop;

import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.grpc.ForwardingChannelBuilder2;
import io.grpc.ForwardingServerBuilder;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.AbstractInteropTest;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The cases of gRPC's interoperability tests, against gRPC's own server without Strand,
 * over the channel of a stub that Strand injected. Each case has an application of its
 * own.
 */
final class InteropCases extends AbstractInteropTest {

	private final String[] properties;

	private @Nullable Server server;

	/**
	 * Starts nothing yet.
	 * @param properties of the application, besides the target
	 */
	InteropCases(String... properties) {
		this.properties = properties;
	}

	@Override
	protected ServerBuilder<?> getServerBuilder() {
		return new StartedServer(NettyServerBuilder.forPort(0, InsecureServerCredentials.create())
			.flowControlWindow(TEST_FLOW_CONTROL_WINDOW)
			.maxInboundMessageSize(MAX_MESSAGE_SIZE));
	}

	@Override
	protected ManagedChannel createChannel() {
		ConfigurableApplicationContext context = new SpringApplicationBuilder(InteropApplication.class)
			.web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.properties(this.properties)
			.properties("strand.client.channels.interop.target=localhost:" + port(),
					"strand.client.channels.interop.services=grpc.testing.TestService",
					"strand.client.channels.interop.max-inbound-message-size=" + MAX_MESSAGE_SIZE + "B",
					"strand.client.channels.interop.shutdown-grace-period=30s", "eureka.client.enabled=false")
			.run();
		return new StubChannel(context.getBean(InteropApplication.Client.class).stub().getChannel(), context);
	}

	private int port() {
		return Objects.requireNonNull(this.server).getPort();
	}

	/** For a case that makes a channel of its own. */
	@Override
	protected ManagedChannelBuilder<?> createChannelBuilder() {
		return new ApplicationChannelBuilder(
				NettyChannelBuilder.forAddress("localhost", port(), InsecureChannelCredentials.create()));
	}

	/** gRPC's statistics, which nothing here writes. */
	@Override
	protected boolean metricsExpected() {
		return false;
	}

	@Override
	public void tearDown() {
		super.tearDown();
		try {
			this.channel.awaitTermination(30, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private final class StartedServer extends ForwardingServerBuilder<StartedServer> {

		private final ServerBuilder<?> builder;

		StartedServer(ServerBuilder<?> builder) {
			this.builder = builder;
		}

		@Override
		protected ServerBuilder<?> delegate() {
			return this.builder;
		}

		@Override
		public Server build() {
			Server built = this.builder.build();
			InteropCases.this.server = built;
			return built;
		}

	}

	private final class ApplicationChannelBuilder extends ForwardingChannelBuilder2<ApplicationChannelBuilder> {

		private final ManagedChannelBuilder<?> builder;

		ApplicationChannelBuilder(ManagedChannelBuilder<?> builder) {
			this.builder = builder;
		}

		@Override
		protected ManagedChannelBuilder<?> delegate() {
			return this.builder;
		}

		@Override
		public ManagedChannel build() {
			return createChannel();
		}

	}

}
