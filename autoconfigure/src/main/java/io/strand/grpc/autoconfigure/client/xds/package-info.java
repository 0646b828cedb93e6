/**
 * Servers found by an xDS control plane.
 */
@NullMarked
package io.strand.grpc.autoconfigure.client.xds;

import org.jspecify.annotations.NullMarked;
