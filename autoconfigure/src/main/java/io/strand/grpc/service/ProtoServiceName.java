package io.strand.grpc.service;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;

import org.jspecify.annotations.Nullable;

/**
 * Reads the full name of a proto service, such as {@code shop.Stock}, from the classes
 * that the protoc plugins of gRPC generate for it: a stub or a base class nested in a
 * class with a constant {@code SERVICE_NAME}.
 */
public final class ProtoServiceName {

	private ProtoServiceName() {
	}

	/**
	 * The proto service that a class was generated for.
	 * @param type a generated stub or base class, or a subclass of one
	 * @return the full name, or {@code null} if the class has nothing to do with a
	 * generated one
	 */
	public static @Nullable String of(Class<?> type) {
		Class<?> generated = generatedSuperclass(type);
		return (generated != null) ? declaredBy(generated.getEnclosingClass()) : null;
	}

	/**
	 * The class itself, or the first of its superclasses, that is a stub or base class.
	 */
	static @Nullable Class<?> generatedSuperclass(Class<?> type) {
		for (Class<?> current = type; current != null; current = current.getSuperclass()) {
			Class<?> enclosing = current.getEnclosingClass();
			if (enclosing != null && declaredBy(enclosing) != null) {
				return current;
			}
		}
		return null;
	}

	/**
	 * The proto service that a generated class is about.
	 * @param generated a class with stubs and a base class, such as
	 * {@code RouteGuideGrpc}
	 * @return the full name, or {@code null} if the class was not generated
	 */
	public static @Nullable String declaredBy(Class<?> generated) {
		try {
			Field field = generated.getField("SERVICE_NAME");
			if (field.getType() != String.class || !Modifier.isStatic(field.getModifiers())) {
				return null;
			}
			return (String) field.get(null);
		}
		catch (NoSuchFieldException | IllegalAccessException ex) {
			return null;
		}
	}

}
