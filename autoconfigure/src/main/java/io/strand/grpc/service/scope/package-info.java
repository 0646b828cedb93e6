/**
 * Beans and contexts that belong to one call.
 */
@NullMarked
package io.strand.grpc.service.scope;

import org.jspecify.annotations.NullMarked;
