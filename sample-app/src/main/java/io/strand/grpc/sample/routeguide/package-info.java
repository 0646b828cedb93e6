/**
 * The service {@code routeguide.RouteGuide} and the places it knows.
 */
@NullMarked
package io.strand.grpc.sample.routeguide;

import org.jspecify.annotations.NullMarked;
