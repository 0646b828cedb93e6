/**
 * A small system on Strand: six services on one server, clients of them, and a tour.
 */
@NullMarked
package io.strand.grpc.sample;

import org.jspecify.annotations.NullMarked;
