package io.strand.grpc.client;

import io.grpc.stub.AbstractStub;

/**
 * Changes a stub before it becomes a bean, such as {@code stub.withCompression("gzip")}.
 * Beans of this type are called in {@code @Order}, for every stub that Strand provides,
 * once; not for stubs that the application declares as beans itself. A deadline does not
 * belong here, for it would pass while the stub is used:
 * {@code strand.client.channels.*.deadline} is for that.
 */
@FunctionalInterface
public interface GrpcStubCustomizer {

	/**
	 * Changes a stub.
	 * @param channelName the name of the channel it calls through
	 * @param stub the stub; its class says its kind and its service
	 * @return a stub of the same class, or the same one
	 */
	AbstractStub<?> customize(String channelName, AbstractStub<?> stub);

}
