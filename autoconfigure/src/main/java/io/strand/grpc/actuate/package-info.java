/**
 * What operators see of server and channels, and can do to them: Spring Boot's actuator.
 */
@NullMarked
package io.strand.grpc.actuate;

import org.jspecify.annotations.NullMarked;
