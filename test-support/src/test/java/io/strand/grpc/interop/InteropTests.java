package io.strand.grpc.interop;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;

import io.grpc.testing.integration.AbstractInteropTest;
import org.junit.AssumptionViolatedException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * gRPC's client is none the worse for being Strand's: all cases of its interoperability
 * tests pass over a channel taken from an injected stub, with one connection, with
 * several, and with all that Strand can add to a call.
 */
@Timeout(90)
class InteropTests {

	private static final String[] PLAIN = {};

	private static final String[] FULL = { "strand.client.channels.interop.connections=3",
			"strand.client.channels.interop.streams.blocking-send=true", "strand.client.channels.interop.deadline=60s",
			"strand.client.channels.interop.stream-deadline=60s" };

	/**
	 * With blocking sends, one on a call that has ended throws the call's status, which
	 * this case does not expect.
	 */
	private static final String SENDS_AFTER_THE_END = "timeoutOnSleepingServer";

	static Stream<Arguments> cases() {
		return Stream.concat(annotatedCases(), casesOfTheClient())
			.flatMap((interopCase) -> Stream.of(Named.of("plain", PLAIN), Named.of("full", FULL))
				.filter((settings) -> settings.getPayload() == PLAIN
						|| !interopCase.getName().equals(SENDS_AFTER_THE_END))
				.map((settings) -> Arguments.of(settings, interopCase)));
	}

	private static Stream<Named<Case>> annotatedCases() {
		return Arrays.stream(AbstractInteropTest.class.getMethods())
			.filter((method) -> method.isAnnotationPresent(org.junit.Test.class))
			.sorted(Comparator.comparing(Method::getName))
			.map((method) -> Named.of(method.getName(), (cases) -> invoke(method, cases)));
	}

	/**
	 * Those that not every transport has. They do not probe whether the server notices a
	 * request that only claims to be compressed: gRPC's server in Java does not.
	 */
	private static Stream<Named<Case>> casesOfTheClient() {
		return Stream.<Named<Case>>of(Named.of("clientCompressedUnary", (cases) -> cases.clientCompressedUnary(false)),
				Named.of("clientCompressedStreaming", (cases) -> cases.clientCompressedStreaming(false)),
				Named.of("serverCompressedStreaming", InteropCases::serverCompressedStreaming));
	}

	@Test
	void thereAreCases() {
		assertThat(annotatedCases().map(Named::getName)).hasSizeGreaterThan(25)
			.contains("emptyUnary", "largeUnary", "clientStreaming", "serverStreaming", "pingPong", "emptyStream",
					"cancelAfterBegin", "cancelAfterFirstResponse", "timeoutOnSleepingServer", "customMetadata",
					"statusCodeAndMessage", "specialStatusMessage", "unimplementedMethod", "unimplementedService");
	}

	@ParameterizedTest(name = "{1}, {0}")
	@MethodSource("cases")
	void passes(String[] properties, Case interopCase) throws Exception {
		InteropCases cases = new InteropCases(properties);
		cases.setUp();
		try {
			interopCase.run(cases);
		}
		catch (AssumptionViolatedException ex) {
			Assumptions.abort(ex.getMessage());
		}
		finally {
			cases.tearDown();
		}
	}

	private static void invoke(Method method, InteropCases cases) throws Exception {
		try {
			method.invoke(cases);
		}
		catch (InvocationTargetException ex) {
			if (ex.getCause() instanceof Exception cause) {
				throw cause;
			}
			if (ex.getCause() instanceof Error cause) {
				throw cause;
			}
			throw ex;
		}
	}

	@FunctionalInterface
	interface Case {

		void run(InteropCases cases) throws Exception;

	}

}
