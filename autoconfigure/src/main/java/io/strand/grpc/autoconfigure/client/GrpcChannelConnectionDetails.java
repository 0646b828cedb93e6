package io.strand.grpc.autoconfigure.client;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.boot.ssl.SslBundle;

/**
 * Where a channel connects, known only when the application runs, such as the port of a
 * container. Takes the place of the {@code target} and {@code ssl} properties of the
 * channel; its other properties stay as they are. There may be a bean of this type for
 * each channel.
 */
public interface GrpcChannelConnectionDetails extends ConnectionDetails {

	/**
	 * The channel this is about, which need not be configured otherwise.
	 * @return a key of {@code strand.client.channels}, such as {@code default}
	 */
	String getChannelName();

	/**
	 * Where it connects.
	 * @return a target in any form that a property may have
	 */
	String getTarget();

	/**
	 * How the connection is encrypted.
	 * @return the SSL bundle, or {@code null} for plaintext
	 */
	default @Nullable SslBundle getSslBundle() {
		return null;
	}

	/**
	 * Details of a plaintext connection.
	 * @param channelName the channel
	 * @param target where it connects
	 * @return the details
	 */
	static GrpcChannelConnectionDetails of(String channelName, String target) {
		return new GrpcChannelConnectionDetails() {

			@Override
			public String getChannelName() {
				return channelName;
			}

			@Override
			public String getTarget() {
				return target;
			}

			@Override
			public String toString() {
				return target;
			}

		};
	}

}
