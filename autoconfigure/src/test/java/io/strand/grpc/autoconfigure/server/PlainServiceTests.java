package io.strand.grpc.autoconfigure.server;

import java.io.IOException;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.autoconfigure.server.RecordingInterceptor.Journal;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.Threading;
import io.strand.grpc.server.InvalidGrpcServiceException;
import io.strand.grpc.service.GrpcMethod;
import io.strand.grpc.service.GrpcMethodArgumentResolver;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import io.strand.grpc.testing.Word;
import io.strand.grpc.testing.WordsGrpc;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Services that are written as plain methods.
 */
@ExtendWith(LeakCheckExtension.class)
class PlainServiceTests {

	private static final Metadata.Key<String> USER = Metadata.Key.of("user", Metadata.ASCII_STRING_MARSHALLER);

	private final ApplicationContextRunner runner = ServerContext.runner();

	@Test
	void methodsOfEachKindAnswer() {
		this.runner.withUserConfiguration(Routes.class).run((context) -> {
			assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Routes");
			try (TestClient client = ServerContext.client(context)) {
				RoutesGrpc.RoutesBlockingV2Stub stub = stub(client);
				assertThat(stub.getFeature(point(7)).getName()).isEqualTo("at 7");
				assertThat(all(stub.listFeatures(area(3)))).containsExactly("0", "1", "2");
				assertThat(record(stub, 5).getPoints()).isEqualTo(5);
				BlockingClientCall<RouteNote, RouteNote> chat = stub.routeChat();
				for (String text : List.of("a", "b")) {
					chat.write(RouteNote.newBuilder().setText(text).build());
					assertThat(chat.read().getText()).isEqualTo("re " + text);
				}
				chat.halfClose();
				assertThat(chat.read()).isNull();
			}
		});
	}

	@Test
	void beanIsNamedAfterItsClassOrByBeanName() {
		this.runner.withUserConfiguration(Routes.class, NamedWords.class)
			.run((context) -> assertThat(context).hasBean("plainServiceTests.Routes").hasBean("lexicon"));
	}

	@Test
	void annotationMayStandOnABeanMethod() {
		this.runner.withUserConfiguration(ByBeanMethod.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(stub(client).getFeature(point(7)).getName()).isEqualTo("at 7");
			}
		});
	}

	@Test
	void namesThatAreNotJavasAreCalled() {
		this.runner.withUserConfiguration(NamedWords.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				WordsGrpc.WordsBlockingStub words = WordsGrpc.newBlockingStub(client.channel())
					.withDeadlineAfter(10, TimeUnit.SECONDS);
				assertThat(words.import_(word("a")).getText()).isEqualTo("import a");
				assertThat(words.lookUpAll(word("b")).getText()).isEqualTo("all b");
				assertThat(words.toString(word("c")).getText()).isEqualTo("string c");
			}
		});
	}

	@Test
	void returnedStreamIsSentAndClosed() {
		this.runner.withUserConfiguration(ReturningStream.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(all(stub(client).listFeatures(area(3)))).containsExactly("0", "1", "2");
				assertThat(context.getBean(ReturningStream.class).closed.await(10, TimeUnit.SECONDS)).isTrue();
			}
		});
	}

	@Test
	void returnedStreamWithoutEndIsClosedWhenTheClientCancels() {
		this.runner.withUserConfiguration(ReturningStream.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				BlockingClientCall<?, Feature> features = stub(client).listFeatures(area(-1));
				assertThat(features.read().getName()).isEqualTo("0");
				features.cancel("The test has seen enough", null);
				assertThat(context.getBean(ReturningStream.class).closed.await(10, TimeUnit.SECONDS)).isTrue();
			}
		});
	}

	@Test
	void returnedIterableIsSentAndClosed() {
		this.runner.withUserConfiguration(ReturningIterable.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(all(stub(client).listFeatures(area(2)))).containsExactly("0", "1");
				assertThat(context.getBean(ReturningIterable.class).closed.await(10, TimeUnit.SECONDS)).isTrue();
			}
		});
	}

	@Test
	void headersAndCallAndWhatResolversProvideArePassed() {
		this.runner.withUserConfiguration(WithParameters.class, UserResolver.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				Metadata headers = new Metadata();
				headers.put(USER, "ada");
				RoutesGrpc.RoutesBlockingV2Stub stub = stub(client)
					.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
				assertThat(stub.getFeature(point(1)).getName()).isEqualTo("ada ada strand.testing.Routes/GetFeature");
				assertThat(all(stub.listFeatures(area(1)))).containsExactly("ada strand.testing.Routes/ListFeatures");
				assertThat(record(stub, 0).getPoints()).isEqualTo("ada".length());
				BlockingClientCall<RouteNote, RouteNote> chat = stub.routeChat();
				chat.halfClose();
				assertThat(chat.read().getText()).isEqualTo("ada");
			}
		});
	}

	@Test
	void thrownStatusIsKeptAndAnythingElseIsHidden() {
		this.runner.withUserConfiguration(Throwing.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertStatus(() -> stub(client).getFeature(point(0)), Status.Code.NOT_FOUND, "No feature");
				assertStatus(() -> record(stub(client), 1), Status.Code.UNKNOWN, "Application error processing RPC");
				assertStatus(() -> all(stub(client).listFeatures(area(1))), Status.Code.UNKNOWN,
						"Application error processing RPC");
			}
		});
	}

	private static void assertStatus(ThrowingCallable call, Status.Code code, String description) {
		assertThatExceptionOfType(Exception.class).isThrownBy(call).satisfies((ex) -> {
			Status status = Status.fromThrowable(ex);
			assertThat(status.getCode()).isEqualTo(code);
			assertThat(status.getDescription()).startsWith(description);
		});
	}

	@Test
	void interceptorsOfTheServiceInterceptIt() {
		this.runner.withBean(Journal.class).withUserConfiguration(Intercepted.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				stub(client).getFeature(point(1));
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("own");
		});
	}

	@Test
	void scopedProxyIsServedOnceAndItsTargetIsMadeForEachCall() {
		this.runner.withUserConfiguration(ScopedRoutes.class).run((context) -> {
			assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Routes");
			try (TestClient client = ServerContext.client(context)) {
				RoutesGrpc.RoutesBlockingV2Stub stub = stub(client);
				assertThat(stub.getFeature(point(1))).isNotEqualTo(stub.getFeature(point(1)));
			}
		});
	}

	@Test
	void methodMayRunOnTheEventLoopIfItDoesNotReceive() {
		this.runner.withUserConfiguration(NamingThread.class)
			.withPropertyValues("strand.server.methods[strand.testing.Routes/RecordRoute].threading=auto",
					"strand.server.methods[strand.testing.Routes/RouteChat].threading=platform")
			.run((context) -> {
				try (TestClient client = ServerContext.client(context)) {
					assertThat(stub(client).getFeature(point(1)).getName()).contains("-ELG-");
					assertThat(record(stub(client), 3).getPoints()).isEqualTo(3);
				}
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server.handler.threading=event-loop",
			"strand.server.services[strand.testing.Routes].threading=event-loop",
			"strand.server.methods[strand.testing.Routes/RecordRoute].threading=event-loop",
			"strand.server.methods[strand.testing.Routes/RouteChat].threading=event-loop" })
	void methodThatReceivesOnTheEventLoopIsRefused(String property) {
		String method = property.contains("RouteChat") ? "RouteChat" : "RecordRoute";
		this.runner.withUserConfiguration(Routes.class)
			.withPropertyValues(property)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("receives messages, but its threading is event-loop, where nothing may wait. Set "
						+ "strand.server.methods[strand.testing.Routes/%s].threading to auto", method));
	}

	@Test
	void serviceThatDeclaresTheEventLoopIsToldOfAllMethodsThatReceive() {
		this.runner.withUserConfiguration(NamingThread.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContainingAll("[strand.testing.Routes/RecordRoute].threading",
						"[strand.testing.Routes/RouteChat].threading")
				.message()
				.doesNotContain("GetFeature", "ListFeatures"));
	}

	@Test
	void serviceThatABaseClassAndMethodsServeIsRefused() {
		this.runner.withUserConfiguration(Routes.class)
			.withBean(ByBaseClass.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("Two beans serve the proto service 'strand.testing.Routes'"));
	}

	@Test
	void classWithGeneratedBaseClassAndGeneratedClassIsRefused() {
		this.runner.withUserConfiguration(BothStyles.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("has @GrpcService(EchoGrpc.class) and extends a generated base class.")
				.hasMessageContaining("Remove the class from the annotation"));
	}

	@Test
	void classThatWasNotGeneratedIsRefused() {
		this.runner.withUserConfiguration(NotGenerated.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContaining("has @GrpcService(EchoStub.class), which was not generated for a proto service.")
				.hasMessageContaining("Name the class that has the stubs nested in it"));
	}

	@Test
	void mistakesOfABeanAreToldAtOnce() {
		this.runner.withUserConfiguration(Mistaken.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageStartingWith("The methods of bean 'plainServiceTests.Mistaken' (" + Mistaken.class.getName()
						+ ") do not fit the proto service 'strand.testing.Routes':")
				.hasMessageContainingAll("    - rpc GetFeature: expected", "    - rpc ListFeatures has no method",
						"    - rpc RecordRoute has no method", "    - rpc RouteChat has no method",
						"Correct the methods, or the class that @GrpcService names (RoutesGrpc.class)."));
	}

	@Test
	void mistakesOfAllBeansAreToldAtOnce() {
		this.runner.withUserConfiguration(Mistaken.class, NotGenerated.class, BothStyles.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.rootCause()
				.isInstanceOf(InvalidGrpcServiceException.class)
				.hasMessageContainingAll("    - rpc GetFeature: expected", "    - rpc RouteChat has no method",
						"has @GrpcService(EchoStub.class), which was not generated for a proto service.",
						"has @GrpcService(EchoGrpc.class) and extends a generated base class.",
						"Correct the methods, or the class that @GrpcService names (RoutesGrpc.class).",
						"Name the class that has the stubs nested in it", "Remove the class from the annotation"));
	}

	private static RoutesGrpc.RoutesBlockingV2Stub stub(TestClient client) {
		return RoutesGrpc.newBlockingV2Stub(client.channel()).withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	private static List<String> all(BlockingClientCall<?, Feature> features) throws Exception {
		List<String> names = new ArrayList<>();
		for (Feature feature = features.read(); feature != null; feature = features.read()) {
			names.add(feature.getName());
		}
		return names;
	}

	private static RouteSummary record(RoutesGrpc.RoutesBlockingV2Stub stub, int points) throws Exception {
		BlockingClientCall<Point, RouteSummary> call = stub.recordRoute();
		for (int i = 0; i < points; i++) {
			call.write(point(i));
		}
		call.halfClose();
		return call.read();
	}

	private static Point point(int latitude) {
		return Point.newBuilder().setLatitude(latitude).build();
	}

	private static Rectangle area(int size) {
		return Rectangle.newBuilder().setSize(size).build();
	}

	private static Word word(String text) {
		return Word.newBuilder().setText(text).build();
	}

	private static Feature feature(Object name) {
		return Feature.newBuilder().setName(name.toString()).build();
	}

	@GrpcService(RoutesGrpc.class)
	static class Routes {

		Feature getFeature(Point point) {
			return feature("at " + point.getLatitude());
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) {
			for (int i = 0; i < area.getSize(); i++) {
				features.send(feature(i));
			}
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			int count = 0;
			for (Point point : points) {
				assertThat(point.getLatitude()).isEqualTo(count);
				count++;
			}
			return RouteSummary.newBuilder().setPoints(count).build();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
			for (RouteNote note : notes) {
				notes.send(RouteNote.newBuilder().setText("re " + note.getText()).build());
			}
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ByBeanMethod {

		@Bean
		@GrpcService(RoutesGrpc.class)
		Routes routes() {
			return new Routes();
		}

	}

	@GrpcService(value = WordsGrpc.class, beanName = "lexicon")
	static class NamedWords {

		Word import_(Word word) {
			return word("import " + word.getText());
		}

		public Word lookUpAll(Word word) {
			return word("all " + word.getText());
		}

		@GrpcMethod("ToString")
		protected Word write(Word word) {
			return word("string " + word.getText());
		}

	}

	abstract static class ReturningBase extends Unused {

		final CountDownLatch closed = new CountDownLatch(1);

	}

	static class Unused {

		Feature getFeature(Point point) {
			throw new UnsupportedOperationException();
		}

		RouteSummary recordRoute(ClientStream<Point> points) throws Exception {
			throw new UnsupportedOperationException();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
			throw new UnsupportedOperationException();
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class ReturningStream extends ReturningBase {

		Stream<Feature> listFeatures(Rectangle area) {
			IntStream numbers = (area.getSize() < 0) ? IntStream.iterate(0, (number) -> number + 1)
					: IntStream.range(0, area.getSize());
			return numbers.mapToObj(PlainServiceTests::feature).onClose(this.closed::countDown);
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class ReturningIterable extends ReturningBase {

		Features listFeatures(Rectangle area) {
			return new Features(List.of(feature(0), feature(1)), this.closed);
		}

	}

	record Features(List<Feature> features, CountDownLatch closed) implements Iterable<Feature>, AutoCloseable {

		@Override
		public Iterator<Feature> iterator() {
			return this.features.iterator();
		}

		@Override
		public void close() {
			this.closed.countDown();
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class WithParameters {

		Feature getFeature(Metadata headers, Point point, GrpcCall call, String user) {
			return feature(user + " " + headers.get(USER) + " " + call.method().getFullMethodName());
		}

		void listFeatures(ServerStream<Feature> features, GrpcCall call, Metadata headers, Rectangle area) {
			features.send(feature(headers.get(USER) + " " + call.method().getFullMethodName()));
		}

		RouteSummary recordRoute(String user, ClientStream<Point> points) {
			return RouteSummary.newBuilder().setPoints(user.length()).build();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes, String user) {
			notes.send(RouteNote.newBuilder().setText(user).build());
		}

	}

	static class UserResolver implements GrpcMethodArgumentResolver {

		@Override
		public boolean supports(Parameter parameter) {
			return parameter.getType() == String.class;
		}

		@Override
		public @Nullable Object resolve(GrpcCall call) {
			return call.headers().get(USER);
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Throwing extends Unused {

		@Override
		Feature getFeature(Point point) {
			throw Status.NOT_FOUND.withDescription("No feature").asRuntimeException();
		}

		List<Feature> listFeatures(Rectangle area) throws Throwable {
			throw new Throwable("a secret");
		}

		@Override
		RouteSummary recordRoute(ClientStream<Point> points) throws Exception {
			throw new IOException("a secret");
		}

	}

	@GrpcService(value = RoutesGrpc.class, interceptors = OwnInterceptor.class)
	static class Intercepted extends Routes {

	}

	static class OwnInterceptor extends RecordingInterceptor {

		OwnInterceptor(Journal journal) {
			super("own", journal);
		}

	}

	@GrpcService(RoutesGrpc.class)
	@Scope(scopeName = ConfigurableBeanFactory.SCOPE_PROTOTYPE, proxyMode = ScopedProxyMode.TARGET_CLASS)
	static class ScopedRoutes extends Unused {

		private static final AtomicInteger instances = new AtomicInteger();

		private final int number = instances.incrementAndGet();

		@Override
		Feature getFeature(Point point) {
			return feature(this.number);
		}

		List<Feature> listFeatures(Rectangle area) {
			return List.of();
		}

	}

	@GrpcService(value = RoutesGrpc.class, threading = Threading.EVENT_LOOP)
	static class NamingThread extends Routes {

		@Override
		Feature getFeature(Point point) {
			return feature(Thread.currentThread().getName());
		}

	}

	static class ByBaseClass extends RoutesGrpc.RoutesImplBase {

	}

	@GrpcService(EchoGrpc.class)
	static class BothStyles extends EchoService {

	}

	@GrpcService(EchoGrpc.EchoStub.class)
	static class NotGenerated {

	}

	@GrpcService(RoutesGrpc.class)
	static class Mistaken {

		Point getFeature(Point point) {
			return point;
		}

	}

}
