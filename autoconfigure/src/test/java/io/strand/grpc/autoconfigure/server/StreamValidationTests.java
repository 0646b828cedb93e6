package io.strand.grpc.autoconfigure.server;

import java.util.concurrent.TimeUnit;

import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.CascadingRoutes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.Journal;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.Operations;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.ReceivingRoutes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.Routes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.RoutesByInterface;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.RoutesByInterfaceOfCall;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.RoutesOfCall;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.SequencedRoutes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.StrictMethodRoutes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.StrictRoutes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.StubbornRoutes;
import io.strand.grpc.autoconfigure.server.ConstrainedRoutes.Validating;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.service.validation.MessageConstraints;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import jakarta.validation.ConstraintViolationException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.aop.support.AopUtils;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link MessageConstraints}: the messages of streams are validated by the
 * constraints of Jakarta Validation.
 */
@Timeout(60)
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class StreamValidationTests {

	private static final Point HERE = point(50);

	private static final Point NOWHERE = point(91);

	private static final RouteNote POLITE = note("hello");

	private static final RouteNote RUDE = note("rude");

	private final Journal journal = new Journal();

	private final ObservingInterceptor observer = new ObservingInterceptor();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withUserConfiguration(Validating.class)
		.withBean(Journal.class, () -> this.journal)
		.withBean(ObservingInterceptor.class, () -> this.observer);

	@ParameterizedTest
	@ValueSource(classes = { Routes.class, RoutesByInterface.class, RoutesOfCall.class, RoutesByInterfaceOfCall.class })
	void validMessagesArriveAllOfThem(Class<?> service) {
		run(service, (stub) -> {
			BlockingClientCall<Point, RouteSummary> record = stub.recordRoute();
			for (int i = 0; i < 50; i++) {
				record.write(point(i));
			}
			record.halfClose();
			assertThat(record.read().getPoints()).isEqualTo(50);
			BlockingClientCall<RouteNote, RouteNote> chat = stub.routeChat();
			for (int i = 0; i < 50; i++) {
				chat.write(note("note " + i));
				assertThat(chat.read()).isEqualTo(note("note " + i));
			}
			chat.halfClose();
			assertThat(chat.read()).isNull();
			BlockingClientCall<RouteNote, RouteNote> silent = stub.routeChat();
			silent.halfClose();
			assertThat(silent.read()).isNull();
		});
		assertThat(this.journal.received).hasSize(100).startsWith(point(0), point(1)).endsWith(note("note 49"));
	}

	@Test
	void proxiesAreOfBothKinds() {
		this.runner.withUserConfiguration(Routes.class)
			.run((context) -> assertThat(AopUtils.isCglibProxy(context.getBean(Routes.class))).isTrue());
		this.runner.withUserConfiguration(RoutesByInterface.class)
			.run((context) -> assertThat(AopUtils.isJdkDynamicProxy(context.getBean(Operations.class))).isTrue());
	}

	@ParameterizedTest
	@CsvSource({ "Routes, auto", "Routes, platform", "RoutesByInterface, auto", "RoutesOfCall, auto" })
	void invalidMessageOfAClientStreamEndsItsCall(String service, String threading, CapturedOutput output)
			throws Exception {
		run(Class.forName(ConstrainedRoutes.class.getName() + "$" + service), (stub) -> {
			BlockingClientCall<Point, RouteSummary> call = stub.recordRoute();
			call.write(HERE);
			call.write(HERE);
			call.write(NOWHERE);
			assertRefused(call::read, "latitude", "is not on earth");
			assertUnwound(HERE, HERE);
		}, "strand.server.handler.threading=" + threading);
		assertThat(output).doesNotContain("ERROR");
	}

	@ParameterizedTest
	@ValueSource(classes = { Routes.class, RoutesByInterface.class, RoutesOfCall.class, RoutesByInterfaceOfCall.class })
	void invalidMessageOfABidirectionalStreamEndsItsCall(Class<?> service) {
		run(service, (stub) -> {
			BlockingClientCall<RouteNote, RouteNote> call = stub.routeChat();
			for (int i = 0; i < 2; i++) {
				call.write(POLITE);
				assertThat(call.read()).isEqualTo(POLITE);
			}
			call.write(RUDE);
			assertRefused(call::read, "notes", "is rude");
			assertUnwound(POLITE, POLITE);
			assertThat(this.observer.closed()).extracting(Status::getCode)
				.containsExactly(Status.Code.INVALID_ARGUMENT);
		});
	}

	@Test
	void invalidMessageEndsTheThreadThatReceivesAndItsMethod() {
		run(ReceivingRoutes.class, (stub) -> {
			BlockingClientCall<RouteNote, RouteNote> call = stub.routeChat();
			call.write(POLITE);
			assertThat(call.read()).isEqualTo(POLITE);
			call.write(RUDE);
			assertRefused(call::read, "notes", "is rude");
			await().untilAsserted(() -> assertThat(this.journal.thrown).hasSize(1));
			assertThat(this.journal.received).containsExactly(POLITE);
		});
	}

	@Test
	void handlerThatGoesOnIsHeardNoMore() {
		run(StubbornRoutes.class, (stub) -> {
			BlockingClientCall<RouteNote, RouteNote> call = stub.routeChat();
			call.write(RUDE);
			assertRefused(() -> {
				call.write(POLITE); // may come after the answer
				call.read();
			}, "notes", "is rude");
			await().untilAsserted(() -> assertThat(this.journal.thrown).hasSize(3).doesNotContainNull());
			assertThat(this.journal.received).isEmpty();
		});
	}

	@Test
	void otherCallsOfTheBeanAreValidatedAsEver() {
		run(Routes.class, (stub) -> {
			assertThat(stub.getFeature(HERE)).isNotNull();
			assertRefused(() -> stub.getFeature(NOWHERE), "latitude", "is not on earth");
		});
	}

	@Test
	void groupsOfTheClassDecideWhatIsChecked() {
		run(StrictRoutes.class, (stub) -> assertOnlyNotesAreChecked(stub, "notes"));
	}

	@Test
	void groupsOfTheMethodDecideWhatIsChecked() {
		run(StrictMethodRoutes.class, (stub) -> assertOnlyNotesAreChecked(stub, "notes"));
	}

	@Test
	void sequenceOfGroupsThatTheClassDeclaresIsChecked() {
		run(SequencedRoutes.class, (stub) -> assertOnlyNotesAreChecked(stub, "notes"));
	}

	@Test
	void constraintsOfMappingsAreChecked() {
		this.runner.withBean("mappings", String.class, () -> """
				<constraint-mappings xmlns="https://jakarta.ee/xml/ns/validation/mapping" version="3.0">
					<default-package>io.strand.grpc.testing</default-package>
					<bean class="RouteNote">
						<getter name="text">
							<constraint annotation="jakarta.validation.constraints.Size">
								<message>is long</message>
								<element name="max">10</element>
							</constraint>
						</getter>
					</bean>
				</constraint-mappings>
				""").withUserConfiguration(CascadingRoutes.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				BlockingClientCall<RouteNote, RouteNote> call = stub(client).routeChat();
				call.write(POLITE);
				assertThat(call.read()).isEqualTo(POLITE);
				call.write(note("how do you do"));
				assertRefused(call::read, "text", "is long");
			}
		});
	}

	@Test
	void adviceIsAskedWhatTheClientIsTold() {
		run(Routes.class, (stub) -> {
			BlockingClientCall<Point, RouteSummary> call = stub.recordRoute();
			call.write(NOWHERE);
			assertThat(Status.fromThrowable(catchThrowable(call::read)).getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
		}, Advice.class);
	}

	@Test
	void withoutAMappingTheClientIsToldNothing(CapturedOutput output) {
		run(Routes.class, (stub) -> {
			BlockingClientCall<Point, RouteSummary> call = stub.recordRoute();
			call.write(NOWHERE);
			Status status = Status.fromThrowable(catchThrowable(call::read));
			assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
			assertThat(status.getDescription()).startsWith("Application error processing RPC (call ");
		}, "strand.server.errors.default-mapping=false");
		assertThat(output.getOut().split("The handler of", -1)).hasSize(2);
	}

	private static void assertOnlyNotesAreChecked(RoutesGrpc.RoutesBlockingV2Stub stub, String field) throws Exception {
		BlockingClientCall<Point, RouteSummary> record = stub.recordRoute();
		record.write(NOWHERE);
		record.halfClose();
		assertThat(record.read().getPoints()).isOne();
		BlockingClientCall<RouteNote, RouteNote> chat = stub.routeChat();
		chat.write(RUDE);
		assertRefused(chat::read, field, "is rude");
	}

	private static void assertRefused(ThrowingCallable call, String field, String description) throws Exception {
		Throwable refused = catchThrowable(call);
		assertThat(Status.fromThrowable(refused).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
		assertThat(Status.fromThrowable(refused).getDescription())
			.isEqualTo("The request is invalid: 1 violation in field '%s'".formatted(field));
		assertThat(StatusProto.fromThrowable(refused).getDetails(0).unpack(BadRequest.class).getFieldViolationsList())
			.containsExactly(FieldViolation.newBuilder().setField(field).setDescription(description).build());
	}

	private void assertUnwound(Object... received) {
		await().untilAsserted(() -> assertThat(this.journal.thrown).singleElement()
			.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.CANCELLED)));
		assertThat(this.journal.received).containsExactly(received);
	}

	private void run(Class<?> service, Calls calls, String... properties) {
		run(this.runner.withPropertyValues(properties).withUserConfiguration(service), calls);
	}

	private void run(Class<?> service, Calls calls, Class<?> advice) {
		run(this.runner.withUserConfiguration(service, advice), calls);
	}

	private static void run(ApplicationContextRunner runner, Calls calls) {
		runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				calls.make(stub(client));
			}
		});
	}

	private static RoutesGrpc.RoutesBlockingV2Stub stub(TestClient client) {
		return RoutesGrpc.newBlockingV2Stub(client.channel()).withDeadlineAfter(20, TimeUnit.SECONDS);
	}

	private static Point point(int latitude) {
		return Point.newBuilder().setLatitude(latitude).build();
	}

	private static RouteNote note(String text) {
		return RouteNote.newBuilder().setText(text).build();
	}

	interface Calls {

		void make(RoutesGrpc.RoutesBlockingV2Stub stub) throws Exception;

	}

	@GrpcAdvice
	static class Advice {

		@GrpcExceptionHandler
		Status invalid(ConstraintViolationException exception) {
			return Status.OUT_OF_RANGE;
		}

	}

}
