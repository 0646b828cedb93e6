package io.strand.grpc.actuate;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.CallLimit;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.ServedMethod;
import io.strand.grpc.call.Threading;

/**
 * The server as it is shown to operators.
 *
 * @param addresses where it listens, none while it does not run
 * @param threading the kind of thread that calls have unless set otherwise
 * @param runningCalls the calls that have passed the limits and not ended
 * @param waitingCalls the calls that wait at a limit
 * @param limits the limits on calls
 * @param connections its connections and the limits on them
 * @param services what it serves
 */
public record ServerDescriptor(List<String> addresses, String threading, int runningCalls, int waitingCalls,
		List<Limit> limits, ConnectionsDescriptor connections, List<Service> services) {

	static ServerDescriptor of(ServerView server) {
		CallEngine engine = server.engine();
		List<ServedMethod> methods = engine.methods();
		return new ServerDescriptor(server.addresses(), kind(engine.isVirtualByDefault()), engine.runningCalls(),
				engine.waitingCalls(), limits(methods), server.connections(), services(methods));
	}

	private static String kind(boolean virtual) {
		return virtual ? "virtual" : "platform";
	}

	private static List<Limit> limits(List<ServedMethod> methods) {
		return methods.stream()
			.map(ServedMethod::settings)
			.map(HandlerSettings::limits)
			.flatMap(Collection::stream)
			.distinct()
			.map(Limit::of)
			.toList();
	}

	private static List<Service> services(List<ServedMethod> methods) {
		Map<String, List<Method>> byService = methods.stream()
			.collect(Collectors.groupingBy(
					(method) -> Objects.requireNonNullElse(method.descriptor().getServiceName(), ""), TreeMap::new,
					Collectors.mapping(Method::of, Collectors.toList())));
		return new LinkedHashMap<>(byService).entrySet()
			.stream()
			.map((entry) -> new Service(entry.getKey(), entry.getValue()))
			.toList();
	}

	/**
	 * A service.
	 *
	 * @param name its full proto name
	 * @param methods its methods
	 */
	public record Service(String name, List<Method> methods) {

	}

	/**
	 * A method.
	 *
	 * @param name its name within the service
	 * @param type such as {@code server_streaming}
	 * @param threading where its calls run: {@code virtual}, {@code platform} or
	 * {@code event_loop}
	 * @param limits the names of the limits that its calls must pass
	 * @param maxWaitMillis how long a call waits at a limit before it is refused
	 * @param maxCallDurationMillis how long a call may last; 0 for as long as it likes
	 */
	public record Method(String name, String type, String threading, List<String> limits, long maxWaitMillis,
			long maxCallDurationMillis) {

		static Method of(ServedMethod method) {
			HandlerSettings settings = method.settings();
			String threading = (settings.threading() == Threading.EVENT_LOOP) ? "event_loop" : kind(method.virtual());
			return new Method(Objects.requireNonNullElse(method.descriptor().getBareMethodName(), ""),
					method.descriptor().getType().name().toLowerCase(Locale.ROOT), threading,
					settings.limits().stream().map(CallLimit::name).toList(), settings.maxWait().toMillis(),
					settings.maxDuration().toMillis());
		}

	}

	/**
	 * A limit on the calls whose handlers run.
	 *
	 * @param name {@code server}, or the name of a service or method
	 * @param limit how many may run
	 * @param running how many do
	 */
	public record Limit(String name, int limit, int running) {

		static Limit of(CallLimit limit) {
			return new Limit(limit.name(), limit.limit(), limit.running());
		}

	}

}
