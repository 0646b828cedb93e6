/**
 * Requests that are not what the service asked for.
 */
@NullMarked
package io.strand.grpc.service.validation;

import org.jspecify.annotations.NullMarked;
