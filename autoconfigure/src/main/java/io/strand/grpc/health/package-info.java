/**
 * Health of the server and its services as gRPC's clients ask for it.
 */
@NullMarked
package io.strand.grpc.health;

import org.jspecify.annotations.NullMarked;
