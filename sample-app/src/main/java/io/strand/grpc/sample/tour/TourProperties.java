package io.strand.grpc.sample.tour;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The size of the tour. Immutable.
 *
 * @param exit whether to end the application after the tour
 * @param threads how many threads call at the same time
 * @param callsPerThread how often each of them calls
 * @param senders how many threads send on one stream
 * @param messagesPerSender how many messages each of them sends
 */
@ConfigurationProperties("sample.tour")
record TourProperties(@DefaultValue("false") boolean exit, @DefaultValue("200") int threads,
		@DefaultValue("50") int callsPerThread, @DefaultValue("32") int senders,
		@DefaultValue("1000") int messagesPerSender) {

}
