/**
 * Who calls: what Spring Security knows of it, for services.
 */
@NullMarked
package io.strand.grpc.security;

import org.jspecify.annotations.NullMarked;
