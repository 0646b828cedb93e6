/**
 * The service {@code helloworld.Greeter}.
 */
@NullMarked
package io.strand.grpc.sample.greeter;

import org.jspecify.annotations.NullMarked;
