/**
 * Which connection a call takes.
 */
@NullMarked
package io.strand.grpc.client.connection;

import org.jspecify.annotations.NullMarked;
