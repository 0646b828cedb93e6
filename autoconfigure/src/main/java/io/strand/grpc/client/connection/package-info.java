/**
 * Which connection a call takes, and when lost ones are made again.
 */
@NullMarked
package io.strand.grpc.client.connection;

import org.jspecify.annotations.NullMarked;
