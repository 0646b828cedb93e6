package io.strand.grpc.autoconfigure.client.container;

import io.strand.grpc.autoconfigure.client.GrpcChannelConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.docker.compose.core.RunningService;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionDetailsFactory;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionSource;
import org.springframework.boot.ssl.SslBundle;

/**
 * Makes a service of Docker Compose with the label
 * {@code org.springframework.boot.service-connection: grpc} the peer of a channel.
 */
class DockerComposeGrpcChannelFactory extends DockerComposeConnectionDetailsFactory<GrpcChannelConnectionDetails> {

	DockerComposeGrpcChannelFactory() {
		super(ContainerLabels.CONNECTION_NAME);
	}

	@Override
	protected GrpcChannelConnectionDetails getDockerComposeConnectionDetails(DockerComposeConnectionSource source) {
		return new Details(source.getRunningService());
	}

	private static final class Details extends DockerComposeConnectionDetails implements GrpcChannelConnectionDetails {

		private final String channelName;

		private final String target;

		private final @Nullable SslBundle sslBundle;

		Details(RunningService service) {
			super(service);
			ContainerLabels labels = new ContainerLabels("the service " + service.name(), service.labels());
			this.channelName = labels.channel();
			this.target = target(service, labels);
			this.sslBundle = getSslBundle(service);
		}

		private static String target(RunningService service, ContainerLabels labels) {
			Integer labelled = labels.labelledPort();
			// Without a label, the port of the host is all there is to know
			int port = (labelled != null) ? service.ports().get(labelled)
					: labels.onlyPort(service.ports().getAll("tcp"));
			return "dns:///%s:%d".formatted(service.host(), port);
		}

		@Override
		public String getChannelName() {
			return this.channelName;
		}

		@Override
		public String getTarget() {
			return this.target;
		}

		@Override
		public @Nullable SslBundle getSslBundle() {
			return this.sslBundle;
		}

	}

}
