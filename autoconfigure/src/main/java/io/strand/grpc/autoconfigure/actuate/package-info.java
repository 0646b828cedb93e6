/**
 * Wires the actuator's parts.
 */
@NullMarked
package io.strand.grpc.autoconfigure.actuate;

import org.jspecify.annotations.NullMarked;
