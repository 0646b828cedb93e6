/**
 * Servers found by Spring Cloud's DiscoveryClient.
 */
@NullMarked
package io.strand.grpc.autoconfigure.client.discovery;

import org.jspecify.annotations.NullMarked;
