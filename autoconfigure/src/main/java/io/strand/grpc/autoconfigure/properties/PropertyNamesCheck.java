package io.strand.grpc.autoconfigure.properties;

import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Refuses to start with a property under {@code strand.} that does not exist, before any
 * bean is made. Environment variables are left alone: Kubernetes sets some for every
 * service of the cluster, and one may be named strand.
 */
class PropertyNamesCheck implements BeanFactoryPostProcessor {

	private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("strand");

	private final Environment environment;

	private final KnownProperties known;

	PropertyNamesCheck(Environment environment, KnownProperties known) {
		this.environment = environment;
		this.known = known;
	}

	@Override
	public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(this.environment)) {
			if (source instanceof IterableConfigurationPropertySource iterable && !isSystemEnvironment(source)) {
				iterable.filter(ROOT::isAncestorOf).forEach((name) -> check(source, name));
			}
		}
	}

	private static boolean isSystemEnvironment(ConfigurationPropertySource source) {
		return source.getUnderlyingSource() instanceof PropertySource<?> underlying
				&& underlying.getName().endsWith(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
	}

	private void check(ConfigurationPropertySource source, ConfigurationPropertyName name) {
		ConfigurationProperty property = this.known.contains(name) ? null : source.getConfigurationProperty(name);
		if (property != null && !isEmptyGroup(property)) {
			throw new UnknownPropertyException(property, this.known.nearest(name));
		}
	}

	/**
	 * What is left in YAML of a group whose entries are all commented out.
	 */
	private boolean isEmptyGroup(ConfigurationProperty property) {
		return property.getValue().toString().isEmpty() && this.known.isGroup(property.getName());
	}

}
