package io.strand.grpc.testing;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import io.grpc.netty.shaded.io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Fails a test that lost a buffer of the transport. JUnit finds this extension by itself
 * where it is told to look for extensions, as the Maven profile {@code buffer-leaks}
 * does, which also has Netty watch each buffer. Does nothing where Netty watches only
 * some.
 */
public final class BufferLeakExtension implements BeforeEachCallback, AfterEachCallback {

	private final List<String> leaks = new CopyOnWriteArrayList<>();

	private final AppenderBase<ILoggingEvent> listener = new AppenderBase<>() {

		@Override
		protected void append(ILoggingEvent event) {
			if (event.getFormattedMessage().contains("LEAK")) {
				BufferLeakExtension.this.leaks.add(event.getFormattedMessage());
			}
		}

	};

	@Override
	public void beforeEach(ExtensionContext context) {
		if (isWatching()) {
			// Each time, since an application context resets the loggers
			this.listener.start();
			logger().addAppender(this.listener);
		}
	}

	@Override
	public void afterEach(ExtensionContext context) throws Exception {
		if (!isWatching()) {
			return;
		}
		// Netty learns of a lost buffer when it is collected, and tells of it when it
		// allocates the next one
		for (int i = 0; i < 2; i++) {
			collect();
			PooledByteBufAllocator.DEFAULT.directBuffer(1).release();
		}
		logger().detachAppender(this.listener);
		List<String> found = List.copyOf(this.leaks);
		this.leaks.clear();
		if (!found.isEmpty()) {
			throw new AssertionError(
					"%d buffers were lost, the first of them:%n%s".formatted(found.size(), found.get(0)));
		}
	}

	private static boolean isWatching() {
		return ResourceLeakDetector.getLevel() == ResourceLeakDetector.Level.PARANOID;
	}

	private static void collect() throws InterruptedException {
		ReferenceQueue<Object> queue = new ReferenceQueue<>();
		WeakReference<Object> canary = new WeakReference<>(new Object(), queue);
		do {
			System.gc();
		}
		while (queue.remove(100) != canary);
	}

	private static Logger logger() {
		return (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);
	}

}
