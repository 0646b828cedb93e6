/**
 * Spring Boot wiring of the gRPC server.
 */
@NullMarked
package io.strand.grpc.autoconfigure.server;

import org.jspecify.annotations.NullMarked;
