/**
 * The service {@code sample.Theatre}: handlers in trouble, and in unusual places.
 */
@NullMarked
package io.strand.grpc.sample.theatre;

import org.jspecify.annotations.NullMarked;
