/**
 * Who calls, and whether they may: Spring Security for the calls of the server.
 */
@NullMarked
package io.strand.grpc.security;

import org.jspecify.annotations.NullMarked;
