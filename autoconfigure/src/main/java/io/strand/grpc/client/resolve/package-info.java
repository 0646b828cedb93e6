/**
 * Name resolvers: how a channel learns the addresses of its servers.
 */
@NullMarked
package io.strand.grpc.client.resolve;

import org.jspecify.annotations.NullMarked;
