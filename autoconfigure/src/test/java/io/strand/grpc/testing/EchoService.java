package io.strand.grpc.testing;

import java.util.ArrayList;
import java.util.List;

import io.grpc.stub.StreamObserver;

/**
 * Answers with what it is sent.
 */
public class EchoService extends EchoGrpc.EchoImplBase {

	@Override
	public void unary(Message request, StreamObserver<Message> responses) {
		responses.onNext(request);
		responses.onCompleted();
	}

	/**
	 * Sends the message as many times as its number says.
	 */
	@Override
	public void serverStream(Message request, StreamObserver<Message> responses) {
		for (int i = 0; i < request.getNumber(); i++) {
			responses.onNext(request);
		}
		responses.onCompleted();
	}

	/**
	 * Answers with the texts joined and the count of messages.
	 */
	@Override
	public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
		List<String> texts = new ArrayList<>();
		return new StreamObserver<>() {

			@Override
			public void onNext(Message request) {
				texts.add(request.getText());
			}

			@Override
			public void onError(Throwable ex) {
				texts.clear();
			}

			@Override
			public void onCompleted() {
				responses.onNext(Message.newBuilder().setText(String.join(" ", texts)).setNumber(texts.size()).build());
				responses.onCompleted();
			}

		};
	}

	@Override
	public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
		return new StreamObserver<>() {

			@Override
			public void onNext(Message request) {
				responses.onNext(request);
			}

			@Override
			public void onError(Throwable ex) {
				// The call was cancelled: nobody waits for an answer
			}

			@Override
			public void onCompleted() {
				responses.onCompleted();
			}

		};
	}

}
