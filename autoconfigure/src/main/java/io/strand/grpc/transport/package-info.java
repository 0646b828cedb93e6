/**
 * What connections get beside gRPC's transport of Netty: a part in the negotiation of
 * their protocol, and a buffer for what is written. Knows nothing of calls.
 */
@NullMarked
package io.strand.grpc.transport;

import org.jspecify.annotations.NullMarked;
