package io.strand.grpc.autoconfigure.properties;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.origin.Origin;

/**
 * Names a misspelt property, where it was set, and what it may have meant.
 */
class UnknownPropertyFailureAnalyzer extends AbstractFailureAnalyzer<UnknownPropertyException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, UnknownPropertyException cause) {
		ConfigurationProperty property = cause.getProperty();
		Origin origin = property.getOrigin();
		String description = "Strand has no property '%s':%n%n    Value: %s%n    Origin: %s"
			.formatted(property.getName(), property.getValue(), (origin != null) ? origin : "unknown");
		return new FailureAnalysis(description, action(cause), cause);
	}

	private static String action(UnknownPropertyException cause) {
		if (KnownProperties.isPattern(cause.getProperty().getName())) {
			return "Put a name in the place of *, or remove the property. What holds for all channels is set on the"
					+ " channel 'default'.";
		}
		return (cause.getNearest() != null)
				? "Did you mean '%s'? Correct the name, or remove the property.".formatted(cause.getNearest())
				: "Correct the name, or remove the property. Strand's properties begin with strand.server or"
						+ " strand.client.";
	}

}
