package io.strand.grpc.autoconfigure.security;

import java.security.Principal;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.grpc.BindableService;
import io.grpc.ClientInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.security.InvalidGrpcSecurityException;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import io.strand.grpc.testing.Word;
import io.strand.grpc.testing.WordsGrpc;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.aop.support.AopUtils;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.access.annotation.Secured;
import org.springframework.security.access.prepost.PostAuthorize;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.userdetails.UserDetailsService;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for Spring Security's annotations on handlers of every kind, with no rule but
 * them.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class MethodSecurityTests {

	private static final String ANN = basic("ann", "secret");

	private static final String BOB = basic("bob", "a:b:c");

	private final ApplicationContextRunner runner = SecuredContext.runner()
		.withConfiguration(AutoConfigurations.of(AopAutoConfiguration.class))
		.withUserConfiguration(SecuredContext.Users.class, Methods.class);

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void methodsOfAGeneratedBaseClass(String threading) {
		this.runner.withBean(ClerksEcho.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				assertThat(context.getBean(ClerksEcho.class).getClass()).isNotEqualTo(ClerksEcho.class);
				try (TestClient client = SecuredContext.client(context)) {
					for (var method : List.of(EchoGrpc.getUnaryMethod(), EchoGrpc.getServerStreamMethod(),
							EchoGrpc.getClientStreamMethod(), EchoGrpc.getBidiMethod())) {
						assertThat(SecuredContext.call(client, method, ANN).status().isOk()).isTrue();
						Outcome denied = SecuredContext.call(client, method, BOB);
						assertThat(denied.status().getCode()).isEqualTo(Code.PERMISSION_DENIED);
						assertThat(denied.status().getDescription()).isEqualTo("Access denied");
						assertThat(denied.messages()).isEmpty();
						assertThat(SecuredContext.call(client, method).status().getCode())
							.isEqualTo(Code.UNAUTHENTICATED);
					}
				}
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void plainMethodsAndStreams(String threading) {
		this.runner.withBean(ClerksRoutes.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					RoutesGrpc.RoutesBlockingV2Stub ann = routes(client, ANN);
					assertThat(ann.getFeature(Point.getDefaultInstance()).getName()).isEqualTo("ann ann");
					assertThat(all(ann.listFeatures(Rectangle.getDefaultInstance()))).containsExactly("ann", "ann");
					assertThat(record(ann)).isEqualTo(3);
					assertThat(chat(ann)).isEqualTo("ann");

					RoutesGrpc.RoutesBlockingV2Stub bob = routes(client, BOB);
					denied(() -> bob.getFeature(Point.getDefaultInstance()), Code.PERMISSION_DENIED);
					denied(() -> all(bob.listFeatures(Rectangle.getDefaultInstance())), Code.PERMISSION_DENIED);
					denied(() -> record(bob), Code.PERMISSION_DENIED);
					denied(() -> chat(bob), Code.PERMISSION_DENIED);
					denied(() -> chat(routes(client)), Code.UNAUTHENTICATED);
				}
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void returnedStreamsAndWhatIsDecidedAfterTheMethod(String threading) {
		this.runner.withBean(ClerksWords.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					WordsGrpc.WordsBlockingStub ann = words(client, ANN);
					assertThat(ann.import_(word("ann")).getText()).isEqualTo("ann");
					denied(() -> ann.import_(word("bob")), Code.PERMISSION_DENIED);
					assertThat(ann.lookUpAll(word("x")).getText()).isEqualTo("clerks only");
					denied(() -> words(client, BOB).lookUpAll(word("x")), Code.PERMISSION_DENIED);
				}
			});
	}

	@Test
	void annotationsWorkBehindAProxyOfInterfaces() {
		this.runner.withBean("clerks-echo", ClerksEcho.class)
			.withPropertyValues("spring.aop.proxy-target-class=false")
			.run((context) -> {
				assertThat(AopUtils.isJdkDynamicProxy(context.getBean("clerks-echo"))).isTrue();
				try (TestClient client = SecuredContext.client(context)) {
					for (var method : List.of(EchoGrpc.getUnaryMethod(), EchoGrpc.getServerStreamMethod(),
							EchoGrpc.getClientStreamMethod(), EchoGrpc.getBidiMethod())) {
						assertThat(SecuredContext.call(client, method, ANN).status().isOk()).isTrue();
						Outcome denied = SecuredContext.call(client, method, BOB);
						assertThat(denied.status().getCode()).isEqualTo(Code.PERMISSION_DENIED);
						assertThat(denied.messages()).isEmpty();
					}
				}
			});
	}

	@Test
	void annotationsThatAProxyWouldPassOverAreRefused() {
		this.runner.withBean(HandMade.class)
			.withPropertyValues("spring.aop.proxy-target-class=false")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcSecurityException.class)
				.hasMessageContainingAll("HandMade.", "spring.aop.proxy-target-class"));
	}

	@Test
	void annotationOnAFinalMethodIsRefused() {
		this.runner.withBean(FinalEcho.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcSecurityException.class)
				.hasMessageContaining("FinalEcho.unary has no effect: the method is final"));
	}

	@ParameterizedTest
	@ValueSource(classes = { ClerksEcho.class, InheritingEcho.class })
	void annotationsThatNobodyReadsAreToldOf(Class<?> service, CapturedOutput output) {
		SecuredContext.runner().withBean(service).run((context) -> assertThat(context).hasNotFailed());
		assertThat(output).contains("WARN", "Is @EnableMethodSecurity missing?");
	}

	@ParameterizedTest
	@ValueSource(strings = { "true", "false" })
	void openMethodsOfAnOpenServer(boolean enabled) {
		SecuredContext
			.withPolicy(this.runner, (grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().permitAll()).build())
			.withBean(ClerksRoutes.class)
			.withPropertyValues("strand.server.security.enabled=" + enabled)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					denied(() -> routes(client).getFeature(Point.getDefaultInstance()), Code.UNAUTHENTICATED);
				}
			});
	}

	private static void denied(Call call, Code code) {
		try {
			call.run();
		}
		catch (Exception ex) {
			Status status = Status.fromThrowable(ex);
			assertThat(status.getCode()).as(String.valueOf(ex)).isEqualTo(code);
			return;
		}
		throw new AssertionError("The call was not denied");
	}

	private interface Call {

		void run() throws Exception;

	}

	private static RoutesGrpc.RoutesBlockingV2Stub routes(TestClient client, String... authorization) {
		return RoutesGrpc
			.newBlockingV2Stub(ClientInterceptors.intercept(client.channel(), SecuredContext.with(authorization)))
			.withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	private static WordsGrpc.WordsBlockingStub words(TestClient client, String... authorization) {
		return WordsGrpc
			.newBlockingStub(ClientInterceptors.intercept(client.channel(), SecuredContext.with(authorization)))
			.withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	private static Word word(String text) {
		return Word.newBuilder().setText(text).build();
	}

	private static List<String> all(BlockingClientCall<?, Feature> features)
			throws InterruptedException, StatusException {
		List<String> names = new java.util.ArrayList<>();
		Feature next = features.read();
		while (next != null) {
			names.add(next.getName());
			next = features.read();
		}
		return names;
	}

	private static int record(RoutesGrpc.RoutesBlockingV2Stub stub) throws Exception {
		BlockingClientCall<Point, RouteSummary> call = stub.recordRoute();
		for (int i = 0; i < 3; i++) {
			if (!call.write(Point.getDefaultInstance())) {
				break;
			}
		}
		call.halfClose();
		return Objects.requireNonNull(call.read()).getPoints();
	}

	private static String chat(RoutesGrpc.RoutesBlockingV2Stub stub) throws Exception {
		BlockingClientCall<RouteNote, RouteNote> call = stub.routeChat();
		call.write(RouteNote.getDefaultInstance());
		String text = Objects.requireNonNull(call.read()).getText();
		call.halfClose();
		assertThat(call.read()).isNull();
		return text;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableMethodSecurity(securedEnabled = true)
	static class Methods {

		@Bean
		Clerks clerks(UserDetailsService users) {
			return new Clerks();
		}

	}

	/** What handlers call. */
	static class Clerks {

		@PreAuthorize("hasRole('CLERK')")
		String name(String name) {
			return name;
		}

	}

	static class ClerksEcho extends EchoService {

		@Override
		@PreAuthorize("hasRole('CLERK')")
		public void unary(Message request, StreamObserver<Message> responses) {
			super.unary(request, responses);
		}

		@Override
		@Secured("ROLE_CLERK")
		public void serverStream(Message request, StreamObserver<Message> responses) {
			super.serverStream(request, responses);
		}

		@Override
		@PreAuthorize("hasRole('CLERK')")
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			return super.clientStream(responses);
		}

		@Override
		@PreAuthorize("hasRole('CLERK')")
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			return super.bidi(responses);
		}

	}

	static class InheritingEcho extends ClerksEcho {

	}

	/** Has no generated base class, by which its proxy would know its methods. */
	static class HandMade implements BindableService {

		@Override
		public ServerServiceDefinition bindService() {
			return ServerServiceDefinition.builder("strand.testing.Echo")
				.addMethod(EchoGrpc.getUnaryMethod(), ServerCalls.asyncUnaryCall(this::unary))
				.build();
		}

		@PreAuthorize("hasRole('CLERK')")
		void unary(Message request, StreamObserver<Message> responses) {
			responses.onCompleted();
		}

	}

	static class FinalEcho extends EchoService {

		@Override
		@PreAuthorize("hasRole('CLERK')")
		public final void unary(Message request, StreamObserver<Message> responses) {
			super.unary(request, responses);
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class ClerksRoutes {

		@PreAuthorize("hasRole('CLERK')")
		Feature getFeature(Point point, @Nullable Authentication caller, @Nullable Principal principal) {
			return feature(
					Objects.requireNonNull(caller).getName() + " " + Objects.requireNonNull(principal).getName());
		}

		@PreAuthorize("hasRole('CLERK')")
		void listFeatures(Rectangle area, ServerStream<Feature> features, Principal caller) {
			features.send(feature(caller.getName()));
			features.send(feature(caller.getName()));
		}

		@PreAuthorize("hasRole('CLERK')")
		RouteSummary recordRoute(ClientStream<Point> points) {
			int count = 0;
			for (Point point : points) {
				count++;
			}
			return RouteSummary.newBuilder().setPoints(count).build();
		}

		@PreAuthorize("hasRole('CLERK')")
		void routeChat(BidiStream<RouteNote, RouteNote> notes, Principal caller) {
			for (RouteNote note : notes) {
				notes.send(RouteNote.newBuilder().setText(caller.getName()).build());
			}
		}

		private static Feature feature(String name) {
			return Feature.newBuilder().setName(name).build();
		}

	}

	@GrpcService(WordsGrpc.class)
	static class ClerksWords {

		private final Clerks clerks;

		ClerksWords(Clerks clerks) {
			this.clerks = clerks;
		}

		@PostAuthorize("returnObject.text == authentication.name")
		Word import_(Word word) {
			return word;
		}

		Word lookUpAll(Word word) {
			return word(this.clerks.name("clerks only"));
		}

		Word toString(Word word) {
			return word(Stream.of(word).findFirst().orElseThrow().getText());
		}

	}

}
