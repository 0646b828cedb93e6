package io.strand.grpc.call;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Codec;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a server does with compressed requests, good ones and bad ones.
 */
class CompressedRequestTests extends HandlerTestBase {

	private static final int LIMIT = 4 * 1024 * 1024;

	@Test
	void aBombIsRefusedByTheSizeThatItWouldHave() {
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, new EchoHandlers());
		Message bomb = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[LIMIT + 1])).build();
		Outcome outcome = Outcome.of(server.channel(), UNARY, soon().withCompression("gzip"), bomb);
		assertThat(outcome.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
		assertThat(outcome.status().getDescription()).contains("exceeds maximum size " + LIMIT);
		assertServes(server);
	}

	@Test
	void aBombIsNotInflatedFurtherThanALimit() throws Exception {
		AtomicLong inflated = new AtomicLong();
		EngineServer server = serveConfigured(Kind.STRAND_NETTY,
				(builder) -> builder.decompressorRegistry(DeferredInflation.of(DecompressorRegistry.emptyInstance()
					.with(Codec.Identity.NONE, false)
					.with(new CountingGzip(inflated), true))),
				new EchoHandlers());
		CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
		compressors.register(new Bomb(256 * 1024 * 1024));
		ManagedChannel channel = server.newChannel((builder) -> builder.compressorRegistry(compressors));
		try {
			Outcome outcome = Outcome.of(channel, UNARY, soon().withCompression("gzip"), text("boom"));
			assertThat(outcome.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
			assertThat(inflated.get()).isBetween((long) LIMIT, LIMIT + 64 * 1024L);
		}
		finally {
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void whatIsNotCompressedAsItSaysIsRefused(boolean withHeader) {
		EngineServer server = serve(Kind.STRAND_NETTY, (builder) -> {
			CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
			compressors.register(new Liar(withHeader));
			return builder.compressorRegistry(compressors);
		}, new EchoHandlers());
		Outcome outcome = Outcome.of(server.channel(), UNARY, soon().withCompression("gzip"), text("not gzip"));
		assertThat(outcome.status().getCode()).isEqualTo(Code.INTERNAL);
	}

	@Test
	void messagesThatNobodyReadsAreFreed() throws Exception {
		int count = StreamInbox.AHEAD_MESSAGES; // so many come before they are asked for
		AtomicInteger came = new AtomicInteger();
		AtomicInteger freed = new AtomicInteger();
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch left = new CountDownLatch(1);
		EngineServer server = serveConfigured(Kind.STRAND_NETTY,
				(builder) -> builder.decompressorRegistry(DecompressorRegistry.emptyInstance()
					.with(Codec.Identity.NONE, false)
					.with(new WatchedGzip(came, freed), true)),
				new EchoHandlers().bidi((responses) -> {
					entered.countDown();
					try {
						new CountDownLatch(1).await();
					}
					catch (InterruptedException ex) {
						left.countDown();
					}
					return EchoHandlers.echoAll(responses);
				}));
		ClientCall<Message, Message> call = server.channel()
			.newCall(EchoGrpc.getBidiMethod(), CallOptions.DEFAULT.withCompression("gzip"));
		call.start(new ClientCall.Listener<>() {
		}, new Metadata());
		IntStream.range(0, count).forEach((i) -> call.sendMessage(text("message " + i)));
		await().until(() -> came.get() == count);
		assertThat(freed).hasValue(0);
		within(entered); // a handler that has not begun when its call is cancelled never
							// does
		call.cancel("to discard what was not read", null);
		assertThat(left.await(5, TimeUnit.SECONDS)).isTrue();
		await().until(() -> freed.get() == count);
		assertServes(server);
	}

	@Test
	void aRegistryKeepsItsEncodingsAndWhatItAdvertises() throws IOException {
		DecompressorRegistry own = DecompressorRegistry.emptyInstance()
			.with(new Codec.Gzip(), true)
			.with(Codec.Identity.NONE, false);
		DecompressorRegistry deferring = DeferredInflation.of(own);
		assertThat(deferring.getKnownMessageEncodings()).containsExactlyInAnyOrder("gzip", "identity");
		assertThat(deferring.getAdvertisedMessageEncodings()).containsExactly("gzip");
		Decompressor gzip = deferring.lookupDecompressor("gzip");
		assertThat(gzip).isNotNull();
		assertThat(gzip.decompress(InputStream.nullInputStream())).isInstanceOf(DeferredInflation.class);
	}

	private static void assertServes(EngineServer server) {
		assertThat(Outcome.of(server.channel(), UNARY, soon(), text("still there")).status().isOk()).isTrue();
	}

	/** Says that it compresses. */
	private record Liar(boolean withHeader) implements Compressor {

		@Override
		public String getMessageEncoding() {
			return "gzip";
		}

		@Override
		public OutputStream compress(OutputStream bytes) throws IOException {
			if (this.withHeader) {
				bytes.write(new byte[] { 0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0 });
			}
			return bytes;
		}

	}

	/** Says that any message is a field of so many zeros. */
	private record Bomb(int size) implements Compressor {

		@Override
		public String getMessageEncoding() {
			return "gzip";
		}

		@Override
		public OutputStream compress(OutputStream bytes) {
			return new OutputStream() {

				@Override
				public void write(int value) {
				}

				@Override
				public void close() throws IOException {
					try (OutputStream gzip = new GZIPOutputStream(bytes)) {
						CodedOutputStream field = CodedOutputStream.newInstance(gzip);
						field.writeTag(Message.PAYLOAD_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
						field.writeUInt32NoTag(Bomb.this.size);
						field.flush();
						byte[] zeros = new byte[1024 * 1024];
						for (int i = 0; i < Bomb.this.size; i += zeros.length) {
							gzip.write(zeros);
						}
					}
				}

			};
		}

	}

	/** Counts the messages that come, and those whose bytes were given back. */
	private record WatchedGzip(AtomicInteger came, AtomicInteger freed) implements Decompressor {

		private static final DecompressorRegistry DEFERRING = DeferredInflation
			.of(DecompressorRegistry.emptyInstance().with(new Codec.Gzip(), true));

		@Override
		public String getMessageEncoding() {
			return "gzip";
		}

		@Override
		public InputStream decompress(InputStream compressed) throws IOException {
			this.came.incrementAndGet();
			AtomicBoolean closed = new AtomicBoolean();
			return Objects.requireNonNull(DEFERRING.lookupDecompressor("gzip"))
				.decompress(new FilterInputStream(compressed) {

					@Override
					public void close() throws IOException {
						if (closed.compareAndSet(false, true)) {
							WatchedGzip.this.freed.incrementAndGet();
						}
						super.close();
					}

				});
		}

	}

	/** Counts what comes out of it. */
	private record CountingGzip(AtomicLong inflated) implements Decompressor {

		@Override
		public String getMessageEncoding() {
			return "gzip";
		}

		@Override
		public InputStream decompress(InputStream compressed) throws IOException {
			return new FilterInputStream(new Codec.Gzip().decompress(compressed)) {

				@Override
				public int read() throws IOException {
					int value = super.read();
					CountingGzip.this.inflated.addAndGet((value >= 0) ? 1 : 0);
					return value;
				}

				@Override
				public int read(byte[] bytes, int offset, int length) throws IOException {
					int count = super.read(bytes, offset, length);
					CountingGzip.this.inflated.addAndGet(Math.max(count, 0));
					return count;
				}

				@Override
				public long skip(long count) throws IOException {
					long skipped = super.skip(count);
					CountingGzip.this.inflated.addAndGet(skipped);
					return skipped;
				}

			};
		}

	}

}
