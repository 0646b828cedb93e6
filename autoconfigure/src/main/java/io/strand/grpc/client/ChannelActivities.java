package io.strand.grpc.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What the channels of an application are doing: those with a name from when they have a
 * target, those made at run time as long as one to the same target is open. Thread-safe.
 */
final class ChannelActivities {

	private final Map<String, ChannelActivity> configured = new ConcurrentSkipListMap<>();

	private final Map<String, Shared> byTarget = new ConcurrentHashMap<>();

	private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	/** There may be more names than before, but not fewer. */
	void configure(Map<String, ChannelSettings> settings) {
		boolean added = false;
		for (Map.Entry<String, ChannelSettings> channel : settings.entrySet()) {
			String name = channel.getKey();
			if (channel.getValue().target() != null) {
				added |= this.configured.putIfAbsent(name, new ChannelActivity(name, false)) == null;
			}
		}
		if (added) {
			tell();
		}
	}

	/** That of a channel with a name. */
	ChannelActivity of(String name) {
		return this.configured.computeIfAbsent(name, (added) -> new ChannelActivity(added, false));
	}

	/**
	 * That of a channel made at run time, until {@link #leave}.
	 */
	ChannelActivity enter(String target) {
		Shared shared = this.byTarget.compute(target,
				(key, there) -> (there != null) ? there.used(1) : new Shared(new ChannelActivity(key, true), 1));
		if (shared.users == 1) {
			tell();
		}
		return shared.activity;
	}

	/** To be called once for each {@link #enter}. */
	void leave(String target) {
		Shared left = this.byTarget.computeIfPresent(target, (key, there) -> (there.users > 1) ? there.used(-1) : null);
		if (left == null) {
			tell();
		}
	}

	List<ChannelActivity> all() {
		List<ChannelActivity> all = new ArrayList<>(this.configured.values());
		this.byTarget.values().forEach((shared) -> all.add(shared.activity));
		return all;
	}

	/**
	 * Asks to be told when {@link #all} has changed.
	 * @param listener told by the thread that changes it
	 */
	void onChange(Runnable listener) {
		this.listeners.add(listener);
	}

	private void tell() {
		this.listeners.forEach(Runnable::run);
	}

	private record Shared(ChannelActivity activity, int users) {

		Shared used(int more) {
			return new Shared(this.activity, this.users + more);
		}

	}

}
