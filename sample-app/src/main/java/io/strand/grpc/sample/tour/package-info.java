/**
 * The concurrency tour: what is measured when the application starts.
 */
@NullMarked
package io.strand.grpc.sample.tour;

import org.jspecify.annotations.NullMarked;
