package io.strand.grpc.autoconfigure.server;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import javax.sql.DataSource;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.autoconfigure.server.RecordingInterceptor.Journal;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.aop.support.AopUtils;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseBuilder;
import org.springframework.jdbc.datasource.embedded.EmbeddedDatabaseType;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * H11: a unary or client-streaming plain method cannot forget to answer, answer twice, or
 * answer before its transaction commits. No method ends well whose commit fails.
 */
@ExtendWith(LeakCheckExtension.class)
@DisplayName("H11")
class PlainServiceTransactionTests {

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withUserConfiguration(Database.class)
		.withBean(Journal.class);

	@ParameterizedTest
	@ValueSource(classes = { Routes.class, InterfaceRoutes.class })
	@DisplayName("H11: a unary method's transaction commits before its response is sent")
	void h11UnaryCommitsBeforeTheResponse(Class<?> service) {
		this.runner.withBean("routes", service).run((context) -> {
			assertThat(AopUtils.isJdkDynamicProxy(context.getBean("routes"))).isEqualTo(service != Routes.class);
			assertThat(AopUtils.isAopProxy(context.getBean("routes"))).isTrue();
			try (TestClient client = ServerContext.client(context)) {
				assertThat(stub(client).getFeature(point(1)).getName()).isEqualTo("in transaction true");
				assertThat(rows(context)).containsExactly(1);
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("commit", "send");
		});
	}

	@ParameterizedTest
	@ValueSource(classes = { Routes.class, InterfaceRoutes.class })
	@DisplayName("H11: a client-streaming method's transaction commits before its response is sent")
	void h11ClientStreamingCommitsBeforeTheResponse(Class<?> service) {
		this.runner.withBean("routes", service).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				BlockingClientCall<Point, RouteSummary> call = stub(client).recordRoute();
				call.write(point(1));
				call.write(point(2));
				call.halfClose();
				assertThat(call.read().getPoints()).isEqualTo(2);
				assertThat(rows(context)).containsExactly(1, 2);
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("commit", "send");
		});
	}

	@Test
	@DisplayName("H11: a commit that fails is the caller's error, and there is no response")
	void h11FailingCommitIsTheCallersError() {
		this.runner.withBean("routes", Routes.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThatExceptionOfType(Exception.class).isThrownBy(() -> stub(client).getFeature(point(-1)))
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNKNOWN));
				BlockingClientCall<Point, RouteSummary> call = stub(client).recordRoute();
				call.write(point(-1));
				call.halfClose();
				assertThatExceptionOfType(Exception.class).isThrownBy(call::read)
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNKNOWN));
				// and the server goes on
				stub(client).getFeature(point(3));
				assertThat(rows(context)).containsExactly(3);
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("commit", "commit", "commit", "send");
		});
	}

	@Test
	@DisplayName("H11: what a streaming method sends is out before the commit; one that fails ends the stream as an error")
	void h11FailingCommitEndsTheStream() {
		this.runner.withBean("routes", StreamingRoutes.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(all(list(client, 1))).containsExactly(inTransaction("list"));
				assertThat(all(chat(client, 2))).containsExactly(RouteNote.newBuilder().setText("2").build());
				BlockingClientCall<?, Feature> list = list(client, -1);
				assertThat(list.read()).isEqualTo(inTransaction("list"));
				BlockingClientCall<?, RouteNote> chat = chat(client, -1);
				assertThat(chat.read()).isNotNull();
				for (BlockingClientCall<?, ?> failing : List.of(list, chat)) {
					assertThatExceptionOfType(Exception.class).isThrownBy(failing::read)
						.satisfies(
								(ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNKNOWN));
				}
				assertThat(rows(context)).containsExactly(1, 2);
			}
			assertThat(context.getBean(Journal.class).takeAll()).startsWith("send", "commit", "send", "commit")
				.hasSize(8);
		});
	}

	private static BlockingClientCall<?, Feature> list(TestClient client, int size) {
		return stub(client).listFeatures(Rectangle.newBuilder().setSize(size).build());
	}

	private static BlockingClientCall<?, RouteNote> chat(TestClient client, int number) throws Exception {
		BlockingClientCall<RouteNote, RouteNote> chat = stub(client).routeChat();
		chat.write(RouteNote.newBuilder().setText(Integer.toString(number)).build());
		chat.halfClose();
		return chat;
	}

	private static <T> List<T> all(BlockingClientCall<?, T> call) throws Exception {
		List<T> messages = new ArrayList<>();
		for (T message = call.read(); message != null; message = call.read()) {
			messages.add(message);
		}
		return messages;
	}

	private static Feature inTransaction(String name) {
		return Feature.newBuilder().setName(name + " in transaction true").build();
	}

	@Test
	@DisplayName("H11: an exception rolls the transaction back and is the caller's error")
	void h11ExceptionRollsBack() {
		this.runner.withBean("routes", Routes.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThatExceptionOfType(Exception.class).isThrownBy(() -> stub(client).getFeature(point(0)))
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode())
						.isEqualTo(Status.Code.INVALID_ARGUMENT));
				assertThat(rows(context)).isEmpty();
			}
			assertThat(context.getBean(Journal.class).takeAll()).isEmpty();
		});
	}

	@Test
	@DisplayName("H11: a method that returns null has not answered, and its caller is told so at once")
	void h11NullIsAnError() {
		this.runner.withBean("routes", Forgetful.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThatExceptionOfType(Exception.class).isThrownBy(() -> stub(client).getFeature(point(1)))
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNKNOWN));
				BlockingClientCall<Point, RouteSummary> call = stub(client).recordRoute();
				call.halfClose();
				assertThatExceptionOfType(Exception.class).isThrownBy(call::read)
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNKNOWN));
				BlockingClientCall<?, Feature> list = stub(client).listFeatures(Rectangle.getDefaultInstance());
				assertThatExceptionOfType(Exception.class).isThrownBy(list::read)
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNKNOWN));
			}
			assertThat(context.getBean(Journal.class).takeAll()).doesNotContain("send");
		});
	}

	private static RoutesGrpc.RoutesBlockingV2Stub stub(TestClient client) {
		return RoutesGrpc.newBlockingV2Stub(client.channel()).withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	private static List<Integer> rows(ApplicationContext context) {
		return context.getBean(JdbcTemplate.class)
			.queryForList("select latitude from point order by latitude", Integer.class);
	}

	private static Point point(int latitude) {
		return Point.newBuilder().setLatitude(latitude).build();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableTransactionManagement
	static class Database {

		@Bean(destroyMethod = "shutdown")
		DataSource dataSource() {
			return new EmbeddedDatabaseBuilder().generateUniqueName(true).setType(EmbeddedDatabaseType.H2).build();
		}

		@Bean
		JdbcTemplate jdbc(DataSource dataSource) {
			JdbcTemplate jdbc = new JdbcTemplate(dataSource);
			jdbc.execute("create table point (latitude int)");
			return jdbc;
		}

		@Bean
		JdbcTransactionManager transactionManager(DataSource dataSource, Journal journal) {
			return new JdbcTransactionManager(dataSource) {

				@Override
				protected void doCommit(DefaultTransactionStatus status) {
					journal.add("commit");
					super.doCommit(status);
				}

			};
		}

		@Bean
		@GrpcGlobalServerInterceptor
		SendJournal sendJournal(Journal journal) {
			return new SendJournal(journal);
		}

	}

	/** Notes that a message is sent. */
	record SendJournal(Journal journal) implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			return next.startCall(new SimpleForwardingServerCall<>(call) {

				@Override
				public void sendMessage(R message) {
					SendJournal.this.journal.add("send");
					super.sendMessage(message);
				}

			}, headers);
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Routes {

		private final JdbcTemplate jdbc;

		Routes(JdbcTemplate jdbc) {
			this.jdbc = jdbc;
		}

		@Transactional
		Feature getFeature(Point point) throws SQLException {
			insert(this.jdbc, point);
			if (point.getLatitude() == 0) {
				throw Status.INVALID_ARGUMENT.asRuntimeException();
			}
			return feature();
		}

		List<Feature> listFeatures(Rectangle area) {
			return List.of();
		}

		@Transactional
		RouteSummary recordRoute(ClientStream<Point> points) throws SQLException {
			int count = 0;
			for (Point point : points) {
				insert(this.jdbc, point);
				count++;
			}
			return RouteSummary.newBuilder().setPoints(count).build();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

	}

	static Feature feature() {
		return Feature.newBuilder()
			.setName("in transaction " + TransactionSynchronizationManager.isActualTransactionActive())
			.build();
	}

	static void insert(JdbcTemplate jdbc, Point point) throws SQLException {
		jdbc.update("insert into point values (?)", point.getLatitude());
		if (point.getLatitude() < 0) {
			// The database cannot commit what it has no connection for
			DataSource dataSource = jdbc.getDataSource();
			Connection connection = DataSourceUtils.getConnection(dataSource);
			connection.close();
		}
	}

	@GrpcService(RoutesGrpc.class)
	static class StreamingRoutes {

		private final JdbcTemplate jdbc;

		StreamingRoutes(JdbcTemplate jdbc) {
			this.jdbc = jdbc;
		}

		Feature getFeature(Point point) {
			return feature();
		}

		@Transactional
		void listFeatures(Rectangle area, ServerStream<Feature> features) throws SQLException {
			insert(this.jdbc, point(area.getSize()));
			features.send(Feature.newBuilder().setName("list " + feature().getName()).build());
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			return RouteSummary.getDefaultInstance();
		}

		@Transactional
		void routeChat(BidiStream<RouteNote, RouteNote> notes) throws SQLException {
			for (RouteNote note : notes) {
				insert(this.jdbc, point(Integer.parseInt(note.getText())));
				notes.send(note);
			}
		}

	}

	interface Operations {

		Feature getFeature(Point point) throws SQLException;

		List<Feature> listFeatures(Rectangle area);

		RouteSummary recordRoute(ClientStream<Point> points) throws SQLException;

		void routeChat(BidiStream<RouteNote, RouteNote> notes);

	}

	@GrpcService(RoutesGrpc.class)
	static class InterfaceRoutes implements Operations {

		private final JdbcTemplate jdbc;

		InterfaceRoutes(JdbcTemplate jdbc) {
			this.jdbc = jdbc;
		}

		@Override
		@Transactional
		public Feature getFeature(Point point) throws SQLException {
			insert(this.jdbc, point);
			return feature();
		}

		@Override
		public List<Feature> listFeatures(Rectangle area) {
			return List.of();
		}

		@Override
		@Transactional
		public RouteSummary recordRoute(ClientStream<Point> points) throws SQLException {
			int count = 0;
			for (Point point : points) {
				insert(this.jdbc, point);
				count++;
			}
			return RouteSummary.newBuilder().setPoints(count).build();
		}

		@Override
		public void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Forgetful extends Routes {

		Forgetful(JdbcTemplate jdbc) {
			super(jdbc);
		}

		@Override
		Feature getFeature(Point point) {
			return null;
		}

		@Override
		List<Feature> listFeatures(Rectangle area) {
			return null;
		}

		@Override
		RouteSummary recordRoute(ClientStream<Point> points) {
			return null;
		}

	}

}
