package io.strand.grpc.client;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.beans.factory.annotation.Qualifier;

/**
 * Says which channel an injected stub uses, where the choice by proto service is not
 * wanted: {@code Orders(@GrpcClient("stock-eu") StockBlockingStub stock)}.
 *
 * <p>
 * A qualifier like any other: a stub bean of the application with the same qualifier is
 * injected instead, also where no channel is named and this one would be chosen. It does
 * not take the place of stubs on other channels; one without qualifier does, wherever no
 * channel is named.
 */
@Target({ ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER, ElementType.TYPE, ElementType.ANNOTATION_TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Documented
@Qualifier
public @interface GrpcClient {

	/**
	 * The name of the channel, a key of {@code strand.client.channels}.
	 * @return the name
	 */
	String value();

}
