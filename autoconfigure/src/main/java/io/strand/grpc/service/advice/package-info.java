/**
 * What clients are told of the exceptions of handlers: methods of the application that
 * turn an exception into a status, and a mapping for what they leave.
 */
@NullMarked
package io.strand.grpc.service.advice;

import org.jspecify.annotations.NullMarked;
