/**
 * What the server sees of its connections.
 */
@NullMarked
package io.strand.grpc.sample.connection;

import org.jspecify.annotations.NullMarked;
