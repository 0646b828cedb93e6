package io.strand.grpc.stream;

/**
 * The requests and the responses of a call in which both sides send streams. One thread
 * may send while another receives.
 *
 * @param <Q> the type of the requests
 * @param <R> the type of the responses
 */
public interface BidiStream<Q, R> extends ClientStream<Q>, ServerStream<R> {

}
