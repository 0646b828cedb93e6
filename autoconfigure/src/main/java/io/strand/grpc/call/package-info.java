/**
 * The call engine: one object and one thread per call, its mailbox, the guard of what it
 * sends, and the limits on how many run. Knows gRPC, not Spring.
 */
@NullMarked
package io.strand.grpc.call;

import org.jspecify.annotations.NullMarked;
