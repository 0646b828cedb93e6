/**
 * What the auto-configurations of the server and of the client share.
 */
@NullMarked
package io.strand.grpc.autoconfigure;

import org.jspecify.annotations.NullMarked;
