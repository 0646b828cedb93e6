/**
 * Auto-configuration of Spring Security for the gRPC server.
 */
@NullMarked
package io.strand.grpc.autoconfigure.security;

import org.jspecify.annotations.NullMarked;
