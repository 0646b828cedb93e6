/**
 * How an application declares the gRPC services it serves.
 */
@NullMarked
package io.strand.grpc.service;

import org.jspecify.annotations.NullMarked;
