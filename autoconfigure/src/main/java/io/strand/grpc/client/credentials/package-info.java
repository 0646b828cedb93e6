/**
 * How calls prove who makes them: credentials of calls and of channels, without Spring.
 */
@NullMarked
package io.strand.grpc.client.credentials;

import org.jspecify.annotations.NullMarked;
