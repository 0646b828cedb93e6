package io.strand.grpc.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

import io.grpc.MethodDescriptor.Marshaller;

/**
 * Messages that are left as they are. Thread-safe.
 */
final class Bytes implements Marshaller<byte[]> {

	@Override
	public InputStream stream(byte[] message) {
		return new ByteArrayInputStream(message);
	}

	@Override
	public byte[] parse(InputStream stream) {
		try {
			return stream.readAllBytes();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
