/**
 * What makes an application easier to test.
 */
@NullMarked
package io.strand.grpc.autoconfigure.test;

import org.jspecify.annotations.NullMarked;
