/**
 * What the services refuse, and how their clients are told.
 */
@NullMarked
package io.strand.grpc.sample.refusal;

import org.jspecify.annotations.NullMarked;
