package io.strand.grpc.service.advice;

import java.lang.reflect.UndeclaredThrowableException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import io.strand.grpc.service.scope.CurrentGrpcCall;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.Valid;
import jakarta.validation.Validation;
import jakarta.validation.Validator;
import jakarta.validation.ValidatorFactory;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.dao.EmptyResultDataAccessException;
import org.springframework.dao.InvalidDataAccessResourceUsageException;
import org.springframework.dao.OptimisticLockingFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionTimedOutException;
import org.springframework.validation.BeanPropertyBindingResult;
import org.springframework.validation.BindException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CommonExceptionMapper}.
 */
class CommonExceptionMapperTests {

	private final CommonExceptionMapper mapper = new CommonExceptionMapper(getClass().getClassLoader());

	@AfterEach
	void nobodyIsAuthenticated() {
		SecurityContextHolder.clearContext();
	}

	@ParameterizedTest
	@MethodSource
	void exceptionIsMappedAlsoWhenItIsWrapped(Exception exception, Status.Code code) {
		for (Throwable each : List.of(exception, new ExecutionException(exception),
				new CompletionException(new UndeclaredThrowableException(exception)))) {
			StatusException status = map(each);
			assertThat(status).isNotNull();
			assertThat(status.getStatus().getCode()).isEqualTo(code);
			assertThat(status).hasMessageNotContaining("secret");
		}
	}

	static Stream<Arguments> exceptionIsMappedAlsoWhenItIsWrapped() {
		return Stream.of(Arguments.of(new BadCredentialsException("secret"), Status.Code.UNAUTHENTICATED),
				Arguments.of(new AccessDeniedException("secret"), Status.Code.UNAUTHENTICATED),
				Arguments.of(new DuplicateKeyException("secret"), Status.Code.ALREADY_EXISTS),
				Arguments.of(new DataIntegrityViolationException("secret"), Status.Code.FAILED_PRECONDITION),
				Arguments.of(new EmptyResultDataAccessException("secret", 1), Status.Code.NOT_FOUND),
				Arguments.of(new OptimisticLockingFailureException("secret"), Status.Code.ABORTED),
				Arguments.of(new CannotAcquireLockException("secret"), Status.Code.ABORTED),
				Arguments.of(new QueryTimeoutException("secret"), Status.Code.DEADLINE_EXCEEDED),
				Arguments.of(new TransactionTimedOutException("secret"), Status.Code.DEADLINE_EXCEEDED),
				Arguments.of(new TimeoutException("secret"), Status.Code.DEADLINE_EXCEEDED),
				Arguments.of(new TransientDataAccessResourceException("secret"), Status.Code.UNAVAILABLE),
				Arguments.of(new DataAccessResourceFailureException("secret"), Status.Code.UNAVAILABLE),
				Arguments.of(new CannotCreateTransactionException("secret"), Status.Code.UNAVAILABLE));
	}

	@ParameterizedTest
	@MethodSource
	void whatMayBeTheServersFaultIsLeftAlone(Exception exception) {
		assertThat(map(exception)).isNull();
	}

	static Stream<Exception> whatMayBeTheServersFaultIsLeftAlone() {
		return Stream.of(new IllegalArgumentException(), new UnsupportedOperationException(),
				new InvalidDataAccessResourceUsageException("bad SQL"), new AuthenticationServiceException("no LDAP"),
				new RuntimeException(new DuplicateKeyException("")), new ConstraintViolationException(Set.of()));
	}

	@Test
	void accessDeniedDependsOnWhoIsAuthenticated() {
		SecurityContextHolder.getContext()
			.setAuthentication(
					new AnonymousAuthenticationToken("key", "anonymous", AuthorityUtils.createAuthorityList("NONE")));
		assertThat(map(new AccessDeniedException("")).getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
		SecurityContextHolder.getContext().setAuthentication(new TestingAuthenticationToken("user", "", "USER"));
		assertThat(map(new AccessDeniedException("")).getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
	}

	@Test
	void constraintViolationsTellTheFields() throws Exception {
		try (ValidatorFactory factory = validators()) {
			Validator validator = factory.getValidator();
			StatusException ofBean = map(
					new ConstraintViolationException(validator.validate(new Basket(List.of(new Item("")), 0))));
			assertThat(ofBean.getStatus().getDescription())
				.isEqualTo("The request is invalid: 2 violations, the first in field 'count'");
			assertThat(violations(ofBean)).extracting(FieldViolation::getField)
				.containsExactly("count", "items[0].name");
			Set<ConstraintViolation<CommonExceptionMapperTests>> ofMethod = validator.forExecutables()
				.validateParameters(this,
						CommonExceptionMapperTests.class.getDeclaredMethod("buy", Basket.class, String.class),
						new Object[] { new Basket(List.of(new Item("")), 1), "" });
			assertThat(violations(map(new ConstraintViolationException(ofMethod)))).extracting(FieldViolation::getField)
				.containsExactlyInAnyOrder("items[0].name", "shop");
			Set<ConstraintViolation<CommonExceptionMapperTests>> ofReturnValue = validator.forExecutables()
				.validateReturnValue(this,
						CommonExceptionMapperTests.class.getDeclaredMethod("buy", Basket.class, String.class), null);
			assertThat(ofReturnValue).isNotEmpty();
			assertThat(map(new ConstraintViolationException(ofReturnValue))).isNull();
		}
	}

	private static ValidatorFactory validators() {
		return Validation.byDefaultProvider()
			.configure()
			.messageInterpolator(new ParameterMessageInterpolator())
			.buildValidatorFactory();
	}

	@Test
	void bindExceptionTellsTheFields() {
		BeanPropertyBindingResult errors = new BeanPropertyBindingResult(new Item(""), "item");
		errors.rejectValue("name", "blank", "must not be blank");
		errors.reject("whole", "is wrong");
		assertThat(violations(map(new BindException(errors)))).extracting(FieldViolation::getField)
			.containsExactlyInAnyOrder("name", "");
	}

	@Test
	void librariesMayBeMissing() {
		CommonExceptionMapper bare = new CommonExceptionMapper(new FilteredClassLoader("org.springframework.security",
				"jakarta.validation", "org.springframework.dao"));
		assertThat(bare.map(new DuplicateKeyException(""), new CurrentGrpcCall())).isNull();
		assertThat(bare.map(new TimeoutException(), new CurrentGrpcCall())).isNotNull();
		assertThat(DataAccessException.class).isNotNull();
	}

	@NotNull
	@Nullable String buy(@Valid Basket basket, @NotBlank String shop) {
		return null;
	}

	private static List<FieldViolation> violations(StatusException exception) {
		assertThat(exception.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
		try {
			return StatusProto.fromThrowable(exception).getDetails(0).unpack(BadRequest.class).getFieldViolationsList();
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	private StatusException map(Throwable exception) {
		return this.mapper.map(exception, new CurrentGrpcCall());
	}

	record Basket(List<@Valid Item> items, @Min(1) int count) {

	}

	public static class Item {

		@NotBlank
		private final String name;

		Item(String name) {
			this.name = name;
		}

		public String getName() {
			return this.name;
		}

	}

}
