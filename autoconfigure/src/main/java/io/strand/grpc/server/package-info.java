/**
 * The one gRPC server of an application: the services it registers, the addresses it
 * listens on, and its life from start to graceful stop.
 */
@NullMarked
package io.strand.grpc.server;

import org.jspecify.annotations.NullMarked;
