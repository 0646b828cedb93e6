/**
 * The service {@code sample.PostOffice}: plain methods that use several threads.
 */
@NullMarked
package io.strand.grpc.sample.postoffice;

import org.jspecify.annotations.NullMarked;
