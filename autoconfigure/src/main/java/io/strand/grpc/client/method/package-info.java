/**
 * What the methods that a channel calls are set to, such as deadlines and retries, and
 * how gRPC is told.
 */
@NullMarked
package io.strand.grpc.client.method;

import org.jspecify.annotations.NullMarked;
