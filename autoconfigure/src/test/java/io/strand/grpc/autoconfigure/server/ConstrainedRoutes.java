package io.strand.grpc.autoconfigure.server;

import java.io.ByteArrayInputStream;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.Metadata;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.scope.GrpcCallScope;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import jakarta.validation.Configuration;
import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.GroupSequence;
import jakarta.validation.Payload;
import jakarta.validation.Valid;
import jakarta.validation.Validation;
import jakarta.validation.ValidatorFactory;
import jakarta.validation.constraints.NotNull;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.validation.annotation.Validated;
import org.springframework.validation.beanvalidation.MethodValidationPostProcessor;

import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Services whose methods have constraints on the messages of their streams, by
 * annotations of their own, for {@link StreamValidationTests}.
 */
final class ConstrainedRoutes {

	private ConstrainedRoutes() {
	}

	@Target({ ElementType.PARAMETER, ElementType.TYPE_USE })
	@Retention(RetentionPolicy.RUNTIME)
	@Constraint(validatedBy = OnEarth.Check.class)
	@interface OnEarth {

		String message() default "is not on earth";

		Class<?>[] groups() default {};

		Class<? extends Payload>[] payload() default {};

		class Check implements ConstraintValidator<OnEarth, Point> {

			@Override
			public boolean isValid(Point point, ConstraintValidatorContext context) {
				context.disableDefaultConstraintViolation();
				context.buildConstraintViolationWithTemplate(context.getDefaultConstraintMessageTemplate())
					.addPropertyNode("latitude")
					.addConstraintViolation();
				return Math.abs(point.getLatitude()) <= 90;
			}

		}

	}

	@Target({ ElementType.PARAMETER, ElementType.TYPE_USE })
	@Retention(RetentionPolicy.RUNTIME)
	@Constraint(validatedBy = Polite.Check.class)
	@interface Polite {

		String message() default "is rude";

		Class<?>[] groups() default {};

		Class<? extends Payload>[] payload() default {};

		class Check implements ConstraintValidator<Polite, RouteNote> {

			@Override
			public boolean isValid(RouteNote note, ConstraintValidatorContext context) {
				return !note.getText().equals("rude");
			}

		}

	}

	/** What is checked where it is asked for. */
	interface Strict {

	}

	/** What the methods see. */
	static class Journal {

		final List<Object> received = new CopyOnWriteArrayList<>();

		final List<Throwable> thrown = new CopyOnWriteArrayList<>();

		RouteSummary record(ClientStream<Point> points) {
			return RouteSummary.newBuilder().setPoints(receive(points, (point) -> {
			})).build();
		}

		void chat(BidiStream<RouteNote, RouteNote> notes) {
			receive(notes, notes::send);
		}

		private <Q> int receive(ClientStream<Q> stream, java.util.function.Consumer<Q> consumer) {
			int count = 0;
			try {
				for (Q message : stream) {
					this.received.add(message);
					consumer.accept(message);
					count++;
				}
				return count;
			}
			catch (RuntimeException ex) {
				this.thrown.add(ex);
				throw ex;
			}
		}

	}

	@org.springframework.context.annotation.Configuration(proxyBeanMethods = false)
	static class Validating {

		@Bean
		static ValidatorFactory validatorFactory(ObjectProvider<String> mappings) {
			Configuration<?> configuration = Validation.byDefaultProvider().configure();
			mappings.forEach((mapping) -> configuration
				.addMapping(new ByteArrayInputStream(mapping.getBytes(StandardCharsets.UTF_8))));
			return configuration.buildValidatorFactory();
		}

		@Bean
		static MethodValidationPostProcessor methodValidation(ValidatorFactory factory) {
			MethodValidationPostProcessor processor = new MethodValidationPostProcessor();
			processor.setValidatorFactory(factory);
			return processor;
		}

	}

	/** Those that are the same everywhere. */
	abstract static class Base {

		final Journal journal;

		Base(Journal journal) {
			this.journal = journal;
		}

		public void listFeatures(Rectangle area, ServerStream<Feature> features) {
		}

	}

	@Validated
	@GrpcService(RoutesGrpc.class)
	static class Routes extends Base {

		Routes(Journal journal) {
			super(journal);
		}

		Feature getFeature(@OnEarth Point point) {
			return Feature.getDefaultInstance();
		}

		RouteSummary recordRoute(ClientStream<@OnEarth Point> points) {
			return this.journal.record(points);
		}

		void routeChat(Metadata headers, @NotNull BidiStream<@Polite RouteNote, RouteNote> notes) {
			this.journal.chat(notes);
		}

	}

	@GrpcCallScope
	@GrpcService(RoutesGrpc.class)
	static class RoutesOfCall extends Routes {

		RoutesOfCall(Journal journal) {
			super(journal);
		}

	}

	interface Operations {

		Feature getFeature(@OnEarth Point point);

		void listFeatures(Rectangle area, ServerStream<Feature> features);

		RouteSummary recordRoute(ClientStream<@OnEarth Point> points);

		void routeChat(BidiStream<@Polite RouteNote, RouteNote> notes);

	}

	@Validated
	@GrpcService(RoutesGrpc.class)
	static class RoutesByInterface extends Base implements Operations {

		RoutesByInterface(Journal journal) {
			super(journal);
		}

		@Override
		public Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		@Override
		public RouteSummary recordRoute(ClientStream<Point> points) {
			return this.journal.record(points);
		}

		@Override
		public void routeChat(BidiStream<RouteNote, RouteNote> notes) {
			this.journal.chat(notes);
		}

	}

	@GrpcCallScope(proxyMode = ScopedProxyMode.INTERFACES)
	@GrpcService(RoutesGrpc.class)
	static class RoutesByInterfaceOfCall extends RoutesByInterface {

		RoutesByInterfaceOfCall(Journal journal) {
			super(journal);
		}

	}

	/** Those whose chat differs. */
	abstract static class ChatRoutes extends Base {

		ChatRoutes(Journal journal) {
			super(journal);
		}

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		RouteSummary recordRoute(ClientStream<@OnEarth Point> points) {
			return this.journal.record(points);
		}

	}

	@Validated
	@GrpcService(RoutesGrpc.class)
	static class ReceivingRoutes extends ChatRoutes {

		ReceivingRoutes(Journal journal) {
			super(journal);
		}

		void routeChat(BidiStream<@Polite RouteNote, RouteNote> notes) throws InterruptedException {
			try {
				notes.receiveEach((note) -> {
					this.journal.received.add(note);
					notes.send(note);
				}).join();
			}
			catch (RuntimeException | InterruptedException ex) {
				this.journal.thrown.add(ex);
				throw ex;
			}
		}

	}

	@Validated
	@GrpcService(RoutesGrpc.class)
	static class StubbornRoutes extends ChatRoutes {

		StubbornRoutes(Journal journal) {
			super(journal);
		}

		void routeChat(BidiStream<@Polite RouteNote, RouteNote> notes) {
			this.journal.thrown.add(catchThrowable(notes::receive));
			this.journal.thrown.add(catchThrowable(notes::receive));
			this.journal.thrown.add(catchThrowable(() -> notes.send(RouteNote.getDefaultInstance())));
		}

	}

	@Validated(Strict.class)
	@GrpcService(RoutesGrpc.class)
	static class StrictRoutes extends ChatRoutes {

		StrictRoutes(Journal journal) {
			super(journal);
		}

		void routeChat(BidiStream<@Polite(groups = Strict.class) RouteNote, RouteNote> notes) {
			this.journal.chat(notes);
		}

	}

	@Validated
	@GrpcService(RoutesGrpc.class)
	static class StrictMethodRoutes extends Base {

		StrictMethodRoutes(Journal journal) {
			super(journal);
		}

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		RouteSummary recordRoute(ClientStream<@OnEarth(groups = Strict.class) Point> points) {
			return this.journal.record(points);
		}

		@Validated(Strict.class)
		void routeChat(BidiStream<@Polite(groups = Strict.class) RouteNote, RouteNote> notes) {
			this.journal.chat(notes);
		}

	}

	@Validated
	@GrpcCallScope
	@GroupSequence({ SequencedRoutes.class, Strict.class })
	@GrpcService(RoutesGrpc.class)
	static class SequencedRoutes extends Base {

		SequencedRoutes(Journal journal) {
			super(journal);
		}

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			return this.journal.record(points);
		}

		void routeChat(BidiStream<@Polite(groups = Strict.class) RouteNote, RouteNote> notes) {
			this.journal.chat(notes);
		}

	}

	@Validated
	@GrpcService(RoutesGrpc.class)
	static class CascadingRoutes extends ChatRoutes {

		CascadingRoutes(Journal journal) {
			super(journal);
		}

		void routeChat(BidiStream<@Valid RouteNote, RouteNote> notes) {
			this.journal.chat(notes);
		}

	}

}
