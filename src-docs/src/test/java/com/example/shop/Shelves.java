package com.example.shop;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.stereotype.Component;

/**
 * What the shop has.
 */
@Component
class Shelves {

	private final Map<String, Integer> pieces = new ConcurrentHashMap<>(Map.of("tea", 100, "milk", 20));

	boolean take(String item, int wanted) {
		Integer left = this.pieces.computeIfPresent(item, (name, there) -> (there < wanted) ? there : there - wanted);
		return left != null;
	}

	int count(String item) {
		return this.pieces.getOrDefault(item, 0);
	}

}
