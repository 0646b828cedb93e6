package com.example.shop;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;

// tag::constraint[]
@Target({ ElementType.PARAMETER, ElementType.TYPE_USE })
@Retention(RetentionPolicy.RUNTIME)
@Constraint(validatedBy = Sellable.Check.class)
@interface Sellable {

	String message() default "is not for sale";

	Class<?>[] groups() default {};

	Class<? extends Payload>[] payload() default {};

	class Check implements ConstraintValidator<Sellable, Booking> {

		@Override
		public boolean isValid(Booking booking, ConstraintValidatorContext context) {
			return !booking.getName().equals("the cat");
		}

	}

}
// end::constraint[]
