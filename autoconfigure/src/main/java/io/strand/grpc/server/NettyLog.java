package io.strand.grpc.server;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

import io.grpc.netty.shaded.io.netty.util.internal.logging.InternalLogLevel;
import io.grpc.netty.shaded.io.netty.util.internal.logging.InternalLogger;
import io.grpc.netty.shaded.io.netty.util.internal.logging.InternalLoggerFactory;
import io.grpc.netty.shaded.io.netty.util.internal.logging.JdkLoggerFactory;
import io.grpc.netty.shaded.io.netty.util.internal.logging.Log4J2LoggerFactory;
import io.grpc.netty.shaded.io.netty.util.internal.logging.Slf4JLoggerFactory;
import io.strand.grpc.call.LogText;
import io.strand.grpc.call.LoggedFailure;
import org.jspecify.annotations.Nullable;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * Holds back what gRPC's copy of Netty logs of its peers, as {@link TransportLog} does
 * with gRPC's own lines: Netty does not write to {@code java.util.logging} where SLF4J or
 * Log4j is at hand, so it is given loggers that ask for each line before they pass it on.
 * Thread-safe.
 *
 * <p>
 * Classes of Netty that made their loggers before keep them. An application that has set
 * a factory of its own keeps that.
 */
final class NettyLog extends InternalLoggerFactory {

	/** Not those of gRPC's transport, which asks its own for every frame. */
	private static final String NETTY = "io.grpc.netty.shaded.io.netty.";

	/** The levels that are logged unless somebody asked for less. */
	private static final Set<String> LEVELS = Set.of("info", "warn", "error");

	private final Function<String, InternalLogger> backend;

	NettyLog(Function<String, InternalLogger> backend) {
		this.backend = backend;
	}

	/**
	 * Guards the log of this JVM, from now on.
	 */
	static void guard() {
		Function<String, InternalLogger> backend = backend(InternalLoggerFactory.getDefaultFactory());
		if (backend != null) {
			InternalLoggerFactory.setDefaultFactory(new NettyLog(backend));
		}
	}

	/** The method is public in these only. */
	private static @Nullable Function<String, InternalLogger> backend(InternalLoggerFactory factory) {
		if (factory instanceof Slf4JLoggerFactory slf4j) {
			return slf4j::newInstance;
		}
		if (factory instanceof Log4J2LoggerFactory log4j) {
			return log4j::newInstance;
		}
		return (factory instanceof JdkLoggerFactory jdk) ? jdk::newInstance : null;
	}

	@Override
	protected InternalLogger newInstance(String name) {
		InternalLogger logger = this.backend.apply(name);
		return name.startsWith(NETTY) ? guarded(logger) : logger;
	}

	private static InternalLogger guarded(InternalLogger logger) {
		return (InternalLogger) Proxy.newProxyInstance(NettyLog.class.getClassLoader(),
				new Class<?>[] { InternalLogger.class }, new Guarded(logger, new LineKinds()));
	}

	/** For native images. */
	static final class Hints implements RuntimeHintsRegistrar {

		@Override
		public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
			hints.proxies().registerJdkProxy(InternalLogger.class);
		}

	}

	private record Guarded(InternalLogger logger, LineKinds kinds) implements InvocationHandler {

		@Override
		public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
			if (arguments != null && arguments[0] instanceof InternalLogLevel level && method.getName().equals("log")
					&& LEVELS.contains(level.name().toLowerCase(Locale.ROOT))) {
				log(level, Arrays.copyOfRange(arguments, 1, arguments.length));
				return null;
			}
			if (arguments != null && LEVELS.contains(method.getName())) {
				log(InternalLogLevel.valueOf(method.getName().toUpperCase(Locale.ROOT)), arguments);
				return null;
			}
			try {
				return method.invoke(this.logger, arguments);
			}
			catch (InvocationTargetException ex) {
				throw ex.getTargetException();
			}
		}

		/** With a pattern, what fills it in one by one or as an array, a throwable. */
		private void log(InternalLogLevel level, @Nullable Object[] arguments) {
			String pattern = (arguments[0] instanceof String text) ? text : "Unexpected exception:";
			@Nullable Object[] rest = (arguments[0] instanceof String) ? Arrays.copyOfRange(arguments, 1, arguments.length)
					: arguments;
			if (rest.length == 1 && rest[0] instanceof Object[] several) {
				rest = several;
			}
			if (this.logger.isEnabled(level)
					&& this.kinds.tryTake(pattern, (line) -> this.logger.log(level, "{}", line))) {
				write(level, pattern, rest);
			}
		}

		private void write(InternalLogLevel level, String pattern, @Nullable Object[] rest) {
			@Nullable Object[] tidy = Arrays.stream(rest).map(Guarded::tidy).toArray();
			boolean faultOfPeer = rest.length > 0 && rest[rest.length - 1] instanceof Throwable thrown
					&& LineKinds.isFaultOfPeer(thrown);
			this.logger.log(level, LogText.of(faultOfPeer ? pattern + ": {}" : pattern), tidy);
		}

		private static @Nullable Object tidy(@Nullable Object argument) {
			if (argument instanceof Throwable thrown && !LineKinds.isFaultOfPeer(thrown)) {
				return LoggedFailure.of(thrown);
			}
			return (argument != null) ? LogText.of(argument.toString()) : null;
		}

	}

}
