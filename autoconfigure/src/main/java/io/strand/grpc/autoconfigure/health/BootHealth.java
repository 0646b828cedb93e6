package io.strand.grpc.autoconfigure.health;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;

/**
 * What Spring Boot knows of the health of the application, by the name of a group or an
 * indicator.
 */
interface BootHealth {

	/**
	 * Whether anything can be asked.
	 * @return whether there is a health endpoint
	 */
	boolean isAvailable();

	/**
	 * Whether there is such a group or indicator.
	 * @param name its name; of an indicator inside another, a path such as
	 * {@code db/main}
	 * @return whether there is
	 */
	boolean has(String name);

	/**
	 * Asks a group or an indicator. Blocks as long as that does.
	 * @param name its name
	 * @return how it is
	 */
	ServingStatus status(String name);

}
