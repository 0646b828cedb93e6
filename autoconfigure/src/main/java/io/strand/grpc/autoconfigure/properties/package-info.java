/**
 * Finds misspelt properties of Strand.
 */
@NullMarked
package io.strand.grpc.autoconfigure.properties;

import org.jspecify.annotations.NullMarked;
