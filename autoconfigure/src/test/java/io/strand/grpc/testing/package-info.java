/**
 * What the tests share: services of {@code testing.proto}, certificates, the leak check.
 */
@NullMarked
package io.strand.grpc.testing;

import org.jspecify.annotations.NullMarked;
