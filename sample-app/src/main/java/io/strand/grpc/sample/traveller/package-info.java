/**
 * A client on a schedule.
 */
@NullMarked
package io.strand.grpc.sample.traveller;

import org.jspecify.annotations.NullMarked;
