/**
 * What can be measured of the server: observations of calls, and meters of what
 * Micrometer cannot see.
 */
@NullMarked
package io.strand.grpc.observation;

import org.jspecify.annotations.NullMarked;
