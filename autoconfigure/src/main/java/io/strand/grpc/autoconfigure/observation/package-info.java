/**
 * Wires observations and meters of the server.
 */
@NullMarked
package io.strand.grpc.autoconfigure.observation;

import org.jspecify.annotations.NullMarked;
