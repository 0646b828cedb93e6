/**
 * Spring Boot wiring of gRPC channels and stubs.
 */
@NullMarked
package io.strand.grpc.autoconfigure.client;

import org.jspecify.annotations.NullMarked;
