/**
 * The service {@code grpc.examples.echo.Echo}.
 */
@NullMarked
package io.strand.grpc.sample.echo;

import org.jspecify.annotations.NullMarked;
