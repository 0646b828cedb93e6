package io.strand.grpc.autoconfigure.client.container;

import java.util.Map;

import io.strand.grpc.autoconfigure.client.GrpcChannelConnectionDetails;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.Container;
import org.testcontainers.containers.GenericContainer;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.testcontainers.service.connection.ContainerConnectionDetailsFactory;
import org.springframework.boot.testcontainers.service.connection.ContainerConnectionSource;

/**
 * Makes a container with {@code @ServiceConnection("grpc")} the peer of a channel.
 */
class TestcontainersGrpcChannelFactory
		extends ContainerConnectionDetailsFactory<Container<?>, GrpcChannelConnectionDetails> {

	TestcontainersGrpcChannelFactory() {
		super(ContainerLabels.CONNECTION_NAME);
	}

	@Override
	protected GrpcChannelConnectionDetails getContainerConnectionDetails(
			ContainerConnectionSource<Container<?>> source) {
		return new Details(source);
	}

	/**
	 * Asked when the channels are configured, when the container runs.
	 */
	private static final class Details extends ContainerConnectionDetails<Container<?>>
			implements GrpcChannelConnectionDetails {

		Details(ContainerConnectionSource<Container<?>> source) {
			super(source);
		}

		@Override
		public String getChannelName() {
			return labels(getContainer()).channel();
		}

		@Override
		public String getTarget() {
			Container<?> container = getContainer();
			ContainerLabels labels = labels(container);
			Integer labelled = labels.labelledPort();
			int port = (labelled != null) ? labelled : labels.onlyPort(container.getExposedPorts());
			return "dns:///%s:%d".formatted(container.getHost(), container.getMappedPort(port));
		}

		@Override
		public @Nullable SslBundle getSslBundle() {
			return super.getSslBundle();
		}

		/** Those set by the test: a container that runs has those of its image too. */
		private static ContainerLabels labels(Container<?> container) {
			Map<String, String> labels = (container instanceof GenericContainer<?> generic) ? generic.getLabels()
					: container.getContainerInfo().getConfig().getLabels();
			return new ContainerLabels("the container " + container.getDockerImageName(),
					(labels != null) ? labels : Map.of());
		}

	}

}
