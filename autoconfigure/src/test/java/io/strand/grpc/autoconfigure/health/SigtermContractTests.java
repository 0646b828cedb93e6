package io.strand.grpc.autoconfigure.health;

import java.nio.file.Path;

import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The guarantee on the end of a server, H9, held against a process that gets a SIGTERM.
 * How long that takes is held by {@link SigtermStressTests}.
 */
@Timeout(180)
@ExtendWith(LeakCheckExtension.class)
class SigtermContractTests {

	@Test
	@DisplayName("H9: of 200 calls and 50 streams in flight at a SIGTERM, none is lost, and the process ends after them")
	void h9NothingIsLostAtASigterm(@TempDir Path directory) throws Exception {
		System.out.println(SigtermRun.in(directory));
	}

}
