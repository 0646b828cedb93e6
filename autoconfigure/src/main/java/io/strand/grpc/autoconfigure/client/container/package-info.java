/**
 * Where channels connect if the peer runs in a container that tests or Docker Compose
 * have started.
 */
@NullMarked
package io.strand.grpc.autoconfigure.client.container;

import org.jspecify.annotations.NullMarked;
