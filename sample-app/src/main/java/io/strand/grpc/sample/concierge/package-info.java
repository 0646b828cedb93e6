/**
 * The service {@code sample.Concierge}, which calls the other three.
 */
@NullMarked
package io.strand.grpc.sample.concierge;

import org.jspecify.annotations.NullMarked;
