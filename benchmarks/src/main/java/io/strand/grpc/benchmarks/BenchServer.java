package io.strand.grpc.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.service.PlainService;
import io.strand.grpc.transport.BufferedWrites;

/**
 * One server under test, in a JVM of its own. Prints its port, answers each line of its
 * input with one about its direct memory, and ends when its input does.
 */
public final class BenchServer {

	/** Held, since the log manager does not hold it. */
	private static final Logger grpc = Logger.getLogger("io.grpc");

	private BenchServer() {
	}

	public static void main(String[] args) throws Exception {
		// What breaks is seen by the client; plain gRPC would log each lost message
		grpc.setLevel(Level.OFF);
		Variant variant = Variant.of(args[0]);
		int port = switch (variant) {
			case DIRECT -> plain((task) -> task.run(), true);
			case PLAIN -> plain(null, false);
			case PLAIN_VIRTUAL -> plain(virtualThreads(), false);
			case STRAND -> strand(true, new BenchService().bindService());
			case STRAND_PLATFORM -> strand(false, new BenchService().bindService());
			case STRAND_METHODS -> strand(true, methods());
			case STRAND_STARTER -> StarterServer.start();
			case BOOT, BOOT_VIRTUAL -> BootServer.start(variant == Variant.BOOT_VIRTUAL);
		};
		System.out.println("PORT " + port);
		answerQuestions();
		System.exit(0);
	}

	private static void answerQuestions() throws Exception {
		BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
		DirectMemory memory = null;
		while (questions.readLine() != null) {
			if (memory == null) {
				memory = new DirectMemory(); // from the first question on
			}
			System.out.println(memory);
		}
	}

	static Executor virtualThreads() throws ReflectiveOperationException {
		return (Executor) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
	}

	private static int plain(Executor executor, boolean direct) throws IOException {
		NettyServerBuilder builder = NettyServerBuilder.forPort(0)
			.addService(new BenchService())
			.maxConcurrentCallsPerConnection(Integer.getInteger("bench.max-concurrent-calls", Integer.MAX_VALUE));
		if (direct) {
			builder.directExecutor();
		}
		else if (executor != null) {
			builder.executor(executor);
		}
		return builder.build().start().getPort();
	}

	private static ServerServiceDefinition methods() {
		return PlainService.of(new BenchMethods(), BenchMethods.class, BenchGrpc.class, List.of()).getDefinition();
	}

	private static int strand(boolean virtual, ServerServiceDefinition service) throws IOException {
		CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, virtual, 200);
		NettyServerBuilder builder = NettyServerBuilder
			.forPort(0, BufferedWrites.of(InsecureServerCredentials.create()))
			.addService(engine.prepare(service));
		engine.prepare(builder);
		engine.install(builder);
		return builder.build().start().getPort();
	}

}
