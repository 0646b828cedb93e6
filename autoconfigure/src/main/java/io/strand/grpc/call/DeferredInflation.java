package io.strand.grpc.call;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Codec;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import org.jspecify.annotations.Nullable;

/**
 * A compressed message that is decompressed when it is read, and may be kept until then.
 * The transport closes every message once it was handed over, and wraps a compressed one
 * in a stream that counts what comes out of it, so a message is kept through that stream
 * ({@link #keep}): after it, the first of two closes is ignored, whichever side's it is.
 * Read by one thread at a time, closed by any.
 */
final class DeferredInflation extends InputStream {

	/** A limit to {@link #mark} that nobody else gives. */
	private static final int KEEP = Integer.MIN_VALUE;

	/** What {@link #keep} has reached; only set while it runs. */
	private static final ThreadLocal<DeferredInflation> reached = new ThreadLocal<>();

	private final InputStream compressed;

	private final Decompressor decompressor;

	private final AtomicInteger ignoredCloses = new AtomicInteger();

	private @Nullable InputStream inflated;

	private DeferredInflation(InputStream compressed, Decompressor decompressor) {
		this.compressed = compressed;
		this.decompressor = decompressor;
	}

	/**
	 * A registry with the same encodings, whose messages may be kept.
	 * @param registry what decompresses
	 * @return a new registry
	 */
	static DecompressorRegistry of(DecompressorRegistry registry) {
		DecompressorRegistry deferring = DecompressorRegistry.emptyInstance();
		for (String encoding : registry.getKnownMessageEncodings()) {
			Decompressor decompressor = registry.lookupDecompressor(encoding);
			if (decompressor != null) {
				// gRPC knows this one by its identity
				boolean isNone = decompressor == Codec.Identity.NONE;
				deferring = deferring.with(isNone ? decompressor : deferring(encoding, decompressor),
						registry.getAdvertisedMessageEncodings().contains(encoding));
			}
		}
		return deferring;
	}

	private static Decompressor deferring(String encoding, Decompressor decompressor) {
		return new Decompressor() {

			@Override
			public String getMessageEncoding() {
				return encoding;
			}

			@Override
			public InputStream decompress(InputStream compressed) {
				return new DeferredInflation(compressed, decompressor);
			}

		};
	}

	/**
	 * Keeps a message beyond the transport's closing it.
	 * @param message what the transport hands over
	 * @return what is under it if that is kept, and so is to be closed by the caller too
	 */
	static @Nullable DeferredInflation keep(InputStream message) {
		if (!(message instanceof FilterInputStream)) {
			return null;
		}
		message.mark(KEEP);
		DeferredInflation kept = reached.get();
		if (kept != null) {
			reached.remove();
			kept.ignoredCloses.set(1);
		}
		return kept;
	}

	/** How many bytes came; to be asked before they are read. */
	int compressedSize() throws IOException {
		return this.compressed.available();
	}

	@Override
	@SuppressWarnings("UnsynchronizedOverridesSynchronized")
	public void mark(int limit) {
		if (limit == KEEP) {
			reached.set(this);
		}
	}

	private InputStream inflated() throws IOException {
		InputStream stream = this.inflated;
		if (stream == null) {
			stream = this.decompressor.decompress(this.compressed);
			this.inflated = stream;
		}
		return stream;
	}

	@Override
	public int read() throws IOException {
		return inflated().read();
	}

	@Override
	public int read(byte[] bytes, int offset, int length) throws IOException {
		return inflated().read(bytes, offset, length);
	}

	@Override
	public long skip(long count) throws IOException {
		return inflated().skip(count);
	}

	@Override
	public int available() throws IOException {
		return inflated().available();
	}

	@Override
	public void close() throws IOException {
		if (this.ignoredCloses.getAndDecrement() == 0) {
			InputStream stream = this.inflated;
			((stream != null) ? stream : this.compressed).close();
		}
	}

}
