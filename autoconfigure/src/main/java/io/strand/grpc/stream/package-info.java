/**
 * Streams for blocking code: a thread receives and sends as with a queue, and waits for
 * its peer there.
 */
@NullMarked
package io.strand.grpc.stream;

import org.jspecify.annotations.NullMarked;
