/**
 * Creation and ownership of the threads that calls run on. Sees nothing but the JDK.
 */
@NullMarked
package io.strand.grpc.thread;

import org.jspecify.annotations.NullMarked;
