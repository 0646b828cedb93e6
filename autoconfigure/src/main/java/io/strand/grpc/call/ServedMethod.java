package io.strand.grpc.call;

import io.grpc.MethodDescriptor;

/**
 * A method as the engine serves it.
 *
 * @param descriptor the method
 * @param settings how its calls are run
 * @param virtual whether its calls run on virtual threads
 */
public record ServedMethod(MethodDescriptor<?, ?> descriptor, HandlerSettings settings, boolean virtual) {

}
