package io.strand.grpc.sample.routeguide;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.Point;

import org.springframework.core.io.Resource;

/**
 * Reads places from lines of {@code name,latitude,longitude}. A mistake in the file stops
 * the application and is named with its line.
 */
class PlacesReader {

	private static final int DEGREE = 10_000_000;

	private final Resource file;

	PlacesReader(Resource file) {
		this.file = file;
	}

	Places read() {
		List<Feature> places = new ArrayList<>();
		int number = 0;
		try (BufferedReader lines = new BufferedReader(
				new InputStreamReader(this.file.getInputStream(), StandardCharsets.UTF_8))) {
			for (String line = lines.readLine(); line != null; line = lines.readLine()) {
				number++;
				if (!line.isBlank() && !line.startsWith("#")) {
					places.add(place(line));
				}
			}
			return new Places(places);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot read the places from " + this.file.getDescription(), ex);
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalStateException("%s has a mistake in or before line %d: %s"
				.formatted(this.file.getDescription(), number, ex.getMessage()), ex);
		}
	}

	private static Feature place(String line) {
		String[] parts = line.split(",");
		if (parts.length != 3 || parts[0].isBlank()) {
			throw new IllegalArgumentException("'%s' is not name,latitude,longitude".formatted(line));
		}
		Point location = Point.newBuilder()
			.setLatitude(degrees("latitude", parts[1], 90))
			.setLongitude(degrees("longitude", parts[2], 180))
			.build();
		return Feature.newBuilder().setName(parts[0].strip()).setLocation(location).build();
	}

	private static int degrees(String what, String text, int limit) {
		long value;
		try {
			value = Long.parseLong(text.strip());
		}
		catch (NumberFormatException ex) {
			throw new IllegalArgumentException("%s '%s' is not a whole number".formatted(what, text), ex);
		}
		if (Math.abs(value) > (long) limit * DEGREE) {
			throw new IllegalArgumentException(
					"%s %d is not within %d degrees times ten million".formatted(what, value, limit));
		}
		return (int) value;
	}

}
