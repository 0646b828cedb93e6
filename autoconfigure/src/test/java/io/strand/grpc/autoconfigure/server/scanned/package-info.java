/**
 * Components for the tests of component scanning.
 */
@NullMarked
package io.strand.grpc.autoconfigure.server.scanned;

import org.jspecify.annotations.NullMarked;
