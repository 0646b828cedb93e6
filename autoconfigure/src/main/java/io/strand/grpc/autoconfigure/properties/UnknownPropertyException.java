package io.strand.grpc.autoconfigure.properties;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;

/**
 * A property under {@code strand.} that Strand does not have.
 */
class UnknownPropertyException extends RuntimeException {

	private final transient ConfigurationProperty property;

	private final @Nullable String nearest;

	UnknownPropertyException(ConfigurationProperty property, @Nullable String nearest) {
		super("Unknown property '%s'".formatted(property.getName()));
		this.property = property;
		this.nearest = nearest;
	}

	ConfigurationProperty getProperty() {
		return this.property;
	}

	@Nullable String getNearest() {
		return this.nearest;
	}

}
