package io.strand.grpc.autoconfigure.health;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How long the end of a server, H9, takes, measured at processes that get a SIGTERM. The
 * news is measured at its best: a machine that does something else at that moment delays
 * it, but cannot hasten it.
 */
@Tag("stress")
@Timeout(600)
class SigtermStressTests {

	private static final int ROUNDS = 5;

	@Test
	@DisplayName("H9: NOT_SERVING within 100 ms of a SIGTERM, the end within a second of the last call")
	void h9TheNewsAndTheEndAreQuick(@TempDir Path directory) throws Exception {
		List<SigtermRun> runs = new ArrayList<>();
		for (int i = 0; i < ROUNDS; i++) {
			SigtermRun run = SigtermRun.in(Files.createDirectory(directory.resolve("round-" + i)));
			System.out.println("@@ " + run);
			runs.add(run);
		}
		assertThat(runs).anyMatch((run) -> run.told().compareTo(Duration.ofMillis(100)) <= 0)
			.allMatch((run) -> run.ended().compareTo(Duration.ofSeconds(1)) <= 0);
	}

}
