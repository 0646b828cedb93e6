package io.strand.grpc.service;

import java.lang.reflect.Method;

/**
 * The parameter of a method of a {@link GrpcService} that takes a stream of requests.
 *
 * @param bean the bean, or the proxy through which it is called
 * @param type the class of the bean itself
 * @param method the method of that class
 * @param entry the method where the bean is entered: the same, or that of an interface of
 * the proxy
 * @param index the position of the parameter
 */
public record StreamParameter(Object bean, Class<?> type, Method method, Method entry, int index) {

}
