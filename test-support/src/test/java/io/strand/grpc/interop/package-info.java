/**
 * gRPC's own interoperability tests over the channel of an injected stub.
 */
@NullMarked
package io.strand.grpc.interop;

import org.jspecify.annotations.NullMarked;
