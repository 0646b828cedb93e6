package io.strand.grpc.server;

import java.util.List;

import io.grpc.ServerServiceDefinition;
import io.strand.grpc.call.Threading;

/**
 * Services that every server may have, such as health, beside those of the application. A
 * bean of this type does not make an application that serves nothing a server. Global
 * interceptors intercept them; a service of the application with the same name takes
 * their place.
 *
 * @param definitions the services
 * @param threading the kind of thread that their calls run on, if no property of theirs
 * says otherwise; {@link Threading#AUTO} for that of the server, but never an event loop:
 * the application has not said of these that they do not block
 */
public record StandardServices(List<ServerServiceDefinition> definitions, Threading threading) {

	/**
	 * Makes services.
	 * @param definitions the services
	 * @param threading the kind of thread that their calls run on
	 */
	public StandardServices {
		definitions = List.copyOf(definitions);
	}

}
