/**
 * What a listening port does before HTTP/2 begins: TLS whose certificate can be replaced,
 * and words for clients that speak something else.
 */
@NullMarked
package io.strand.grpc.server.tls;

import org.jspecify.annotations.NullMarked;
