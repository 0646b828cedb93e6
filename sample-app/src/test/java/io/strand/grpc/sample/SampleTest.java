package io.strand.grpc.sample;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.boot.test.context.SpringBootTest;

/**
 * A test of the whole application, on a port of its own, quiet until it is called. All
 * tests with this annotation share one application.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(properties = { "strand.server.port=0", "sample.tour.enabled=false", "sample.traveller.enabled=false" })
public @interface SampleTest {

}
