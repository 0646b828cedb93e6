/**
 * Wires health, reflection and the services for those who operate the server.
 */
@NullMarked
package io.strand.grpc.autoconfigure.health;

import org.jspecify.annotations.NullMarked;
