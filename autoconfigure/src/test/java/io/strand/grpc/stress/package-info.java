/**
 * Attacks on a server with little memory, which take minutes and run only when asked for.
 */
@NullMarked
package io.strand.grpc.stress;

import org.jspecify.annotations.NullMarked;
