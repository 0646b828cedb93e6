package io.strand.grpc.service;

import java.io.IOException;
import java.lang.reflect.Parameter;
import java.security.ProtectionDomain;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.stream.Stream;

import io.grpc.Metadata;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.Word;
import io.strand.grpc.testing.WordsGrpc;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.core.SmartClassLoader;
import org.springframework.scheduling.annotation.Async;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * What {@link PlainService} says of methods that do not fit, and that it says nothing of
 * those that do.
 */
class PlainServiceMistakesTests {

	private static final String GET_FEATURE = "'Feature getFeature(Point)'";

	private static List<String> mistakes(Object bean, GrpcMethodArgumentResolver... resolvers) {
		return mistakes(bean, bean.getClass(), resolvers);
	}

	private static List<String> mistakes(Object bean, Class<?> type, GrpcMethodArgumentResolver... resolvers) {
		PlainService service = PlainService.of(bean, type, RoutesGrpc.class, List.of(resolvers));
		assertThat(service).isNotNull();
		return service.getMistakes();
	}

	@Test
	void methodsOfEachKindFit() {
		assertThat(mistakes(new Routes())).isEmpty();
	}

	@Test
	void serviceThatFitsHasAHandlerForEachRpc() {
		PlainService service = PlainService.of(new Routes(), Routes.class, RoutesGrpc.class, List.of());
		assertThat(service).isNotNull();
		assertThat(service.getName()).isEqualTo("strand.testing.Routes");
		assertThat(service.getDefinition().getServiceDescriptor()).isSameAs(RoutesGrpc.getServiceDescriptor());
		assertThat(service.getDefinition().getMethods()).hasSize(4);
	}

	@Test
	void serviceWithMistakesHasNoDefinition() {
		PlainService service = PlainService.of(new Object(), Object.class, RoutesGrpc.class, List.of());
		assertThat(service).isNotNull();
		assertThatIllegalStateException().isThrownBy(service::getDefinition).withMessageContaining("GetFeature");
	}

	@Test
	void classThatWasNotGeneratedIsNoService() {
		assertThat(PlainService.of(new Routes(), Routes.class, String.class, List.of())).isNull();
		assertThat(PlainService.of(new Routes(), Routes.class, RoutesGrpc.RoutesImplBase.class, List.of())).isNull();
		assertThat(PlainService.of(new Routes(), Routes.class, Point.class, List.of())).isNull();
	}

	@Test
	void allMistakesAreTold() {
		assertThat(mistakes(new Object())).containsExactly(
				"rpc GetFeature has no method. Add 'Feature getFeature(Point)'.",
				"rpc ListFeatures has no method. Add 'void listFeatures(Rectangle, ServerStream<Feature>)' or "
						+ "'Stream<Feature> listFeatures(Rectangle)'.",
				"rpc RecordRoute has no method. Add 'RouteSummary recordRoute(ClientStream<Point>)'.",
				"rpc RouteChat has no method. Add 'void routeChat(BidiStream<RouteNote, RouteNote>)'.");
	}

	@Test
	void methodsThatReceiveOnAnEventLoopAreToldWithAllOtherMistakes() {
		PlainService service = PlainService.of(new WrongTypes(), WrongTypes.class, RoutesGrpc.class, List.of());
		assertThat(service).isNotNull();
		service.checkThreads((method) -> !"RecordRoute".equals(method.getBareMethodName()));
		assertThat(service.getMistakes()).hasSize(5)
			.endsWith("'RouteNote routeChat(BidiStream<RouteNote, RouteNote>)' receives messages, but its threading is "
					+ "event-loop, where nothing may wait. Set strand.server.methods[strand.testing.Routes/RouteChat]"
					+ ".threading to auto, virtual or platform.");
	}

	@Test
	void methodsThatDoNotReceiveFitAnEventLoop() {
		PlainService service = PlainService.of(new Routes(), Routes.class, RoutesGrpc.class, List.of());
		assertThat(service).isNotNull();
		service.checkThreads((method) -> method.getType().clientSendsOneMessage());
		assertThat(service.getMistakes()).isEmpty();
		service.checkThreads((method) -> true);
		assertThat(service.getMistakes()).hasSize(2);
	}

	@Test
	void misspeltMethodIsSuggestedAndToldOnce() {
		assertThat(mistakes(new Misspelt()))
			.containsExactly("rpc GetFeature has no method. Is 'getFeatur' meant? Call it 'getFeature', or mark it "
					+ "@GrpcMethod(\"GetFeature\").");
	}

	static class Misspelt extends RoutesWithoutFeature {

		public Feature getFeatur(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	@Test
	void wrongTypesAreToldWithWhatIsExpected() {
		assertThat(mistakes(new WrongTypes())).containsExactly(
				"rpc GetFeature: expected 'Feature getFeature(Point)', found 'Point getFeature(Rectangle)'.",
				"rpc ListFeatures: expected 'void listFeatures(Rectangle, ServerStream<Feature>)' or "
						+ "'Stream<Feature> listFeatures(Rectangle)', found "
						+ "'void listFeatures(Rectangle, ServerStream<Point>)'.",
				"rpc RecordRoute: expected 'RouteSummary recordRoute(ClientStream<Point>)', found "
						+ "'RouteSummary recordRoute(BidiStream<Point, RouteSummary>)'.",
				"rpc RouteChat: expected 'void routeChat(BidiStream<RouteNote, RouteNote>)', found "
						+ "'RouteNote routeChat(BidiStream<RouteNote, RouteNote>)'.");
	}

	static class WrongTypes {

		Point getFeature(Rectangle area) {
			return Point.getDefaultInstance();
		}

		void listFeatures(Rectangle area, ServerStream<Point> responses) {
		}

		RouteSummary recordRoute(BidiStream<Point, RouteSummary> points) {
			return RouteSummary.getDefaultInstance();
		}

		RouteNote routeChat(BidiStream<RouteNote, RouteNote> notes) {
			return RouteNote.getDefaultInstance();
		}

	}

	@Test
	@SuppressWarnings("rawtypes")
	void streamsOfUnknownTypeAreRefused() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			Feature getFeature(Point point) {
				return Feature.getDefaultInstance();
			}

			@Override
			Stream listFeatures(Rectangle area) {
				return Stream.empty();
			}

		})).singleElement().asString().contains("found 'Stream", "listFeatures(Rectangle)'");
	}

	@Test
	void nothingReturnedIsRefused() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			void getFeature(Point point) {
			}

		})).containsExactly("rpc GetFeature: expected " + GET_FEATURE + ", found 'void getFeature(Point)'.");
	}

	@Test
	void supertypesOfMessagesAreRefused() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			com.google.protobuf.Message getFeature(Point point) {
				return point;
			}

		})).containsExactly("rpc GetFeature: expected " + GET_FEATURE + ", found 'Message getFeature(Point)'.");
		assertThat(mistakes(new RoutesWithoutFeature() {

			Feature getFeature(com.google.protobuf.Message point) {
				return Feature.getDefaultInstance();
			}

		})).containsExactly("rpc GetFeature: expected " + GET_FEATURE + ", found 'Feature getFeature(Message)'.");
	}

	@Test
	void typesThatLookTheSameAreToldWithTheirPackages() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			Feature getFeature(Other.Point point) {
				return Feature.getDefaultInstance();
			}

		})).singleElement()
			.asString()
			.contains("(io.strand.grpc.testing.Point)", "found 'io.strand.grpc.testing.Feature getFeature(",
					"Other$Point)'");
	}

	static class Other {

		static class Point {

		}

	}

	@Test
	void responsesMayBeReturnedInAnyIterable() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			Feature getFeature(Point point) {
				return Feature.getDefaultInstance();
			}

			@Override
			Stream<? extends Feature> listFeatures(Rectangle area) {
				return Stream.empty();
			}

		})).isEmpty();
		assertThat(mistakes(new RoutesWithList())).isEmpty();
	}

	@Test
	void iteratorIsRefused() {
		assertThat(mistakes(new RoutesWithoutList() {

			Iterator<Feature> listFeatures(Rectangle area) {
				return List.<Feature>of().iterator();
			}

		})).singleElement().asString().contains("found 'Iterator<Feature> listFeatures(Rectangle)'");
	}

	@Test
	void futuresAndPublishersAreRefused() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			CompletableFuture<Feature> getFeature(Point point) {
				return CompletableFuture.completedFuture(Feature.getDefaultInstance());
			}

		})).containsExactly("'CompletableFuture<Feature> getFeature(Point)' returns before it has answered. Let it be "
				+ GET_FEATURE + ": it has a thread of its own and may block.");
		assertThat(mistakes(new RoutesWithoutList() {

			Flow.Publisher<Feature> listFeatures(Rectangle area) {
				throw new UnsupportedOperationException();
			}

		})).singleElement().asString().contains("returns before it has answered");
	}

	@Test
	void twoMethodsForOneRpcAreRefused() {
		assertThat(mistakes(new Routes() {

			@GrpcMethod("GetFeature")
			Feature find(Point point) {
				return Feature.getDefaultInstance();
			}

		})).containsExactly(
				"rpc GetFeature has 2 methods: 'Feature find(Point)' and 'Feature getFeature(Point)'. Leave "
						+ "it one: rename the others or make them private.");
		assertThat(mistakes(new Routes() {

			Feature getFeature(Point point, Metadata headers) {
				return Feature.getDefaultInstance();
			}

		})).singleElement().asString().startsWith("rpc GetFeature has 2 methods: ");
	}

	@Test
	void overloadsThatHelpAreLeftAlone() {
		assertThat(mistakes(new RoutesWithHelpers())).isEmpty();
	}

	static class RoutesWithHelpers extends RoutesWithoutFeature {

		public Feature getFeature(Point point) {
			return getFeature(point, getFeature(0, 0));
		}

		private Feature getFeature(Point point, String name) {
			return Feature.newBuilder().setName(name).build();
		}

		public String getFeature(int latitude, int longitude) {
			return "";
		}

		public static double distance(Point a, Point b) {
			return 0;
		}

		public Feature nothing() {
			return Feature.getDefaultInstance();
		}

		Feature checked(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	@Test
	void publicMethodWithARequestThatNoRpcIsNamedLikeIsRefused() {
		assertThat(mistakes(new Routes() {

			public Feature locate(Point point) {
				return Feature.getDefaultInstance();
			}

		})).containsExactly("'Feature locate(Point)' is public and takes a request, but no rpc has its name. Mark it "
				+ "@GrpcMethod with the name of the rpc, make it less than public, or move it to another bean.");
	}

	@Test
	void annotatedMethodThatNamesNoRpcIsRefused() {
		assertThat(mistakes(new Routes() {

			@GrpcMethod("GetFeatures")
			void other() {
			}

			@GrpcMethod("Sing")
			void sing() {
			}

		})).containsExactlyInAnyOrder(
				"'void other()' is marked @GrpcMethod(\"GetFeatures\"), which is no rpc of strand.testing.Routes. Did you "
						+ "mean \"GetFeature\"?",
				"'void sing()' is marked @GrpcMethod(\"Sing\"), which is no rpc of strand.testing.Routes. It has: "
						+ "GetFeature, ListFeatures, RecordRoute, RouteChat.");
	}

	@Test
	void privateMethodIsRefused() {
		assertThat(mistakes(new PrivateMethod()))
			.containsExactly(GET_FEATURE + " for rpc GetFeature is private. Remove 'private'.");
	}

	static class PrivateMethod extends RoutesWithoutFeature {

		private Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	@Test
	void staticMethodIsRefused() {
		assertThat(mistakes(new StaticMethod()))
			.containsExactly(GET_FEATURE + " for rpc GetFeature is static. Remove 'static'.");
	}

	static class StaticMethod extends RoutesWithoutFeature {

		static Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	@Test
	void otherParametersMayStandAnywhere() {
		assertThat(mistakes(new RoutesWithoutList() {

			void listFeatures(Metadata headers, ServerStream<Feature> features, GrpcCall call, Rectangle area) {
			}

		})).isEmpty();
	}

	@Test
	void parameterThatNothingProvidesIsRefused() {
		Object routes = new RoutesWithoutFeature() {

			Feature getFeature(Point point, String user, int limit) {
				return Feature.getDefaultInstance();
			}

		};
		assertThat(mistakes(routes)).containsExactly(
				"Nothing provides parameter 2 of 'Feature getFeature(Point, String, int)'. Beside its messages a method "
						+ "may take Metadata, GrpcCall, and what a GrpcMethodArgumentResolver bean supports.",
				"Nothing provides parameter 3 of 'Feature getFeature(Point, String, int)'. Beside its messages a method "
						+ "may take Metadata, GrpcCall, and what a GrpcMethodArgumentResolver bean supports.");
		assertThat(mistakes(routes, new UserResolver())).singleElement().asString().contains("parameter 3");
	}

	static class UserResolver implements GrpcMethodArgumentResolver {

		@Override
		public boolean supports(Parameter parameter) {
			return parameter.getType() == String.class;
		}

		@Override
		public Object resolve(GrpcCall call) {
			return "somebody";
		}

	}

	@Test
	void asyncMethodsAreRefused() {
		assertThat(mistakes(new RoutesWithoutFeature() {

			@Async
			Feature getFeature(Point point) {
				return Feature.getDefaultInstance();
			}

		})).containsExactly(GET_FEATURE + " is @Async: its call would be answered before it has run. Remove @Async; "
				+ "each call has a thread of its own.");
		assertThat(mistakes(new AsyncRoutes())).hasSize(4).allMatch((mistake) -> mistake.contains(" is @Async: "));
	}

	@Async
	static class AsyncRoutes extends Routes {

	}

	@Test
	void asyncMethodOfAnInterfaceByWhichTheProxyIsCalledIsRefused() {
		assertThat(mistakes(proxy(new AsyncSourceRoutes(), false), AsyncSourceRoutes.class))
			.contains(GET_FEATURE + " is @Async: its call would be answered before it has run. Remove @Async; "
					+ "each call has a thread of its own.");
	}

	interface AsyncSource {

		@Async
		Feature getFeature(Point point);

	}

	/** Its method does not know the interface, but the proxy does. */
	static class AsyncSourceRoutes extends HiddenRoutes implements AsyncSource {

	}

	@Test
	void constraintsOnTheMessagesOfAStreamAreRefusedWhereNothingWouldCheckThem() {
		String nobody = " has constraints on the messages of its stream, which nothing would check. Mark its class "
				+ "@Validated and have a Validator bean, as spring-boot-starter-validation brings one, or remove the "
				+ "constraints.";
		assertThat(mistakes(new ConstrainedStreams())).containsExactly(
				"'RouteSummary recordRoute(ClientStream<Point>)'" + nobody,
				"'void routeChat(BidiStream<RouteNote, RouteNote>)'" + nobody);
		assertThat(mistakes(proxy(new ConstrainedByInterface(), false), ConstrainedByInterface.class))
			.containsExactly("'RouteSummary recordRoute(ClientStream<Point>)'" + nobody);
	}

	@Test
	void constraintsOnWhatIsSentAreRefused() {
		String nobody = " has constraints on the messages that it sends, which nothing would check. Remove them: what is "
				+ "received is validated, on streams, and what a method returns as a single message or a collection.";
		assertThat(mistakes(new RoutesWithoutList() {

			void listFeatures(Rectangle area, ServerStream<@Valid Feature> features) {
			}

			@Override
			void routeChat(BidiStream<RouteNote, @NotNull RouteNote> notes) {
			}

		})).containsExactly("'void listFeatures(Rectangle, ServerStream<Feature>)'" + nobody,
				"'void routeChat(BidiStream<RouteNote, RouteNote>)'" + nobody);
		assertThat(mistakes(new RoutesWithoutList() {

			Stream<@NotNull Feature> listFeatures(Rectangle area) {
				return Stream.empty();
			}

		})).containsExactly("'Stream<Feature> listFeatures(Rectangle)'" + nobody);
		assertThat(mistakes(new RoutesWithoutList() {

			@Valid
			Iterable<Feature> listFeatures(Rectangle area) {
				return List.of();
			}

		})).containsExactly("'Iterable<Feature> listFeatures(Rectangle)'" + nobody);
		assertThat(mistakes(new RoutesWithoutList() {

			List<@NotNull Feature> listFeatures(Rectangle area) {
				return List.of();
			}

			@Override
			void routeChat(BidiStream<RouteNote, RouteNote> notes) {
			}

		})).isEmpty();
	}

	@Test
	void constraintsOnWhatIsNoStreamFit() {
		assertThat(mistakes(new Routes() {

			@Override
			@NotNull
			Feature getFeature(@Valid @NotNull Point point) {
				return Feature.getDefaultInstance();
			}

			@Override
			RouteSummary recordRoute(@NotNull ClientStream<Point> points) {
				return RouteSummary.getDefaultInstance();
			}

		})).isEmpty();
	}

	static class ConstrainedStreams extends RoutesWithoutFeature {

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		@Override
		RouteSummary recordRoute(ClientStream<@NotNull Point> points) {
			return RouteSummary.getDefaultInstance();
		}

		@Override
		void routeChat(@Valid BidiStream<RouteNote, RouteNote> notes) {
		}

	}

	interface ConstrainedRecord extends AllOperations<Point, Feature> {

		@Override
		RouteSummary recordRoute(ClientStream<@Valid Point> points) throws IOException;

	}

	static class ConstrainedByInterface extends AllInterface implements ConstrainedRecord {

	}

	@Test
	void typeParametersAreResolved() {
		assertThat(mistakes(new GenericRoutes())).isEmpty();
		assertThat(mistakes(new WrongGenericRoutes()))
			.containsExactly("rpc GetFeature: expected " + GET_FEATURE + ", found 'RouteNote getFeature(Point)'.");
	}

	interface FeatureSource<Q, R> {

		R getFeature(Q request);

		default Stream<R> listFeatures(Rectangle area) {
			return Stream.empty();
		}

	}

	abstract static class Recorder<Q, N> {

		RouteSummary recordRoute(ClientStream<Q> points) {
			return RouteSummary.getDefaultInstance();
		}

		abstract void routeChat(BidiStream<N, N> notes);

	}

	static class GenericRoutes extends Recorder<Point, RouteNote> implements FeatureSource<Point, Feature> {

		@Override
		public Feature getFeature(Point request) {
			return Feature.getDefaultInstance();
		}

		@Override
		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

	}

	static class WrongGenericRoutes extends RoutesWithoutFeature implements SingleSource<Point, RouteNote> {

	}

	interface SingleSource<Q, R> {

		default R getFeature(Q request) {
			throw new UnsupportedOperationException();
		}

	}

	/** The compiler writes such methods once more, so that reflection may call them. */
	@Test
	void publicMethodsOfASuperclassThatIsNotPublicFit() throws Exception {
		assertThat(PublicRoutes.class.getDeclaredMethod("getFeature", Point.class).isBridge()).isTrue();
		assertThat(mistakes(new PublicRoutes())).isEmpty();
		assertThat(mistakes(new PublicRoutesWithMistakes())).containsExactly(
				"'Feature locate(Point)' is public and takes a request, but no rpc has its name. Mark it @GrpcMethod with "
						+ "the name of the rpc, make it less than public, or move it to another bean.");
	}

	static class HiddenRoutes extends RoutesWithoutFeature {

		public Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	public static class PublicRoutes extends HiddenRoutes {

	}

	static class HiddenRoutesWithMistakes extends HiddenRoutes {

		public Feature locate(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	public static class PublicRoutesWithMistakes extends HiddenRoutesWithMistakes {

	}

	@Test
	void namesThatJavaDoesNotAllowAreWrittenAsTheGeneratorDoesOrNamedByAnnotation() {
		PlainService words = PlainService.of(new Words(), Words.class, WordsGrpc.class, List.of());
		assertThat(words).isNotNull();
		assertThat(words.getMistakes()).isEmpty();
		assertThat(words.getDefinition().getMethods()).hasSize(3);
	}

	static class Words {

		Word import_(Word word) {
			return word;
		}

		Word lookUpAll(Word word) {
			return word;
		}

		@GrpcMethod("ToString")
		Word write(Word word) {
			return word;
		}

	}

	@Test
	void finalMethodBehindCglibProxyIsRefused() {
		assertThat(mistakes(proxy(new FinalMethod(), true), FinalMethod.class)).containsExactly(
				GET_FEATURE + " is final, and the bean has a proxy that must override it. Remove 'final'.");
		assertThat(mistakes(new FinalMethod())).isEmpty();
	}

	static class FinalMethod extends RoutesWithoutFeature {

		final Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	@Test
	void packagePrivateMethodBehindProxyOfAnotherClassLoaderIsRefused() {
		ProxyFactory factory = new ProxyFactory(new PackagePrivateMethods());
		factory.setProxyTargetClass(true);
		Object proxy = factory.getProxy(new OtherClassLoader(getClass().getClassLoader()));
		assertThat(proxy.getClass().getClassLoader()).isInstanceOf(OtherClassLoader.class);
		assertThat(mistakes(proxy, PackagePrivateMethods.class)).hasSize(3)
			.contains(
					"'void routeChat(BidiStream<RouteNote, RouteNote>)' is package-private, and the bean has a proxy in "
							+ "another package or class loader that must override it. Make it protected or public.");
	}

	public static class PackagePrivateMethods extends RoutesWithoutFeature {

		public Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	public static class OtherClassLoader extends ClassLoader implements SmartClassLoader {

		OtherClassLoader(ClassLoader parent) {
			super(parent);
		}

		@Override
		public Class<?> publicDefineClass(String name, byte[] bytes, @Nullable ProtectionDomain protectionDomain) {
			return defineClass(name, bytes, 0, bytes.length, protectionDomain);
		}

	}

	@Test
	void methodThatNoInterfaceOfJdkProxyHasIsRefused() {
		assertThat(mistakes(proxy(new PartlyInterface(), false), PartlyInterface.class))
			.startsWith(
					GET_FEATURE + " is in no interface of the bean's proxy (Marker). Add it to one, or let the class "
							+ "be proxied (proxyTargetClass = true).")
			.hasSize(4);
	}

	interface Marker {

	}

	static class PartlyInterface extends Routes implements Marker {

	}

	@Test
	void interfacesOfJdkProxyMayHaveTypeParameters() {
		assertThat(mistakes(proxy(new AllInterface(), false), AllInterface.class)).isEmpty();
	}

	interface AllOperations<Q, R> extends FeatureSource<Q, R> {

		RouteSummary recordRoute(ClientStream<Q> points) throws IOException;

		void routeChat(BidiStream<RouteNote, RouteNote> notes);

	}

	static class AllInterface implements AllOperations<Point, Feature> {

		@Override
		public Feature getFeature(Point request) {
			return Feature.getDefaultInstance();
		}

		@Override
		public RouteSummary recordRoute(ClientStream<Point> points) throws IOException {
			return RouteSummary.getDefaultInstance();
		}

		@Override
		public void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

	}

	private static Object proxy(Object target, boolean targetClass) {
		ProxyFactory factory = new ProxyFactory(target);
		factory.setProxyTargetClass(targetClass);
		return factory.getProxy();
	}

	@Test
	void methodOfEchoServiceWhoseMessagesAreAlikeIsNotAmbiguous() {
		PlainService echo = PlainService.of(new Echo(), Echo.class, EchoGrpc.class, List.of());
		assertThat(echo).isNotNull();
		assertThat(echo.getMistakes()).isEmpty();
	}

	static class Echo {

		Message unary(Message message) {
			return message;
		}

		Iterable<Message> serverStream(Message message) {
			return List.of(message);
		}

		Message clientStream(ClientStream<Message> messages) {
			return Message.getDefaultInstance();
		}

		void bidi(BidiStream<Message, Message> messages) {
		}

	}

	abstract static class RoutesWithoutFeatureAndList {

		RouteSummary recordRoute(ClientStream<Point> points) throws Exception {
			return RouteSummary.getDefaultInstance();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) throws Throwable {
		}

	}

	static class RoutesWithoutFeature extends RoutesWithoutFeatureAndList {

		Stream<? extends Feature> listFeatures(Rectangle area) {
			return Stream.empty();
		}

	}

	static class RoutesWithoutList extends RoutesWithoutFeatureAndList {

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

	}

	static class Routes extends RoutesWithoutFeature {

		Feature getFeature(Point point) throws IOException {
			return Feature.getDefaultInstance();
		}

	}

	static class RoutesWithList extends RoutesWithoutList {

		List<Feature> listFeatures(Rectangle area) {
			return List.of();
		}

	}

}
