package io.strand.grpc.autoconfigure.observation;

import io.strand.grpc.observation.PinnedThreadMeters;
import jdk.jfr.consumer.RecordingStream;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Meters of pinned threads, where the Java runtime has a Flight Recorder.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(RecordingStream.class)
@ConditionalOnBooleanProperty("strand.server.observation.pinned-threads")
class PinnedThreadsConfiguration {

	@Bean
	@ConditionalOnMissingBean
	PinnedThreadMeters strandPinnedThreadMeters() {
		return new PinnedThreadMeters();
	}

}
