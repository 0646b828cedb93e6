/**
 * Shared channels by name, and the stubs that are injected on them.
 */
@NullMarked
package io.strand.grpc.client;

import org.jspecify.annotations.NullMarked;
