package io.strand.grpc.autoconfigure.server;

import java.nio.ByteBuffer;

import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RawConnection.Frame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that what a client sets for its connection costs the server little: HTTP/2 lets
 * it choose how much of what it is sent the server has to remember, and choose again as
 * often as it likes.
 */
@Timeout(120)
@ExtendWith(LeakCheckExtension.class)
class PeerSettingsTests {

	private static final int HEADER_TABLE_SIZE = 1;

	private static final int ENHANCE_YOUR_CALM = 11;

	private static final String UNARY = "strand.testing.Echo/Unary";

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(EchoService.class, EchoService::new);

	@ParameterizedTest
	@CsvSource({ "0, 0", "4096, 4096", "1000, 1000", "65536, 4096", "2147483647, 4096", "-1, 4096" })
	void serverRemembersLittleOfItsHeadersWhateverTheClientOffers(int offered, int remembered) {
		this.runner.run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (RawConnection connection = RawConnection.open(port, HEADER_TABLE_SIZE, offered)) {
				connection.call(UNARY);
				byte[] block = connection.read(RawConnection.HEADERS).payload();
				assertThat(tableSize(block)).isEqualTo(remembered);
			}
		});
	}

	@Test
	void clientThatChangesItsSettingsRapidlyLosesItsConnection() {
		this.runner.withPropertyValues("strand.server.limits.max-resets=20").run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (RawConnection connection = RawConnection.open(port)) {
				for (int i = 0; i < 20; i++) {
					changeHeaderTable(connection, i);
				}
				Frame end = connection.readEnd();
				assertThat((end != null) ? end.error() : ENHANCE_YOUR_CALM).isEqualTo(ENHANCE_YOUR_CALM);
			}
		});
	}

	@ParameterizedTest
	@CsvSource({ "20, 19", "0, 1000" })
	void clientMayChangeItsSettings(int limit, int changes) {
		this.runner.withPropertyValues("strand.server.limits.max-resets=" + limit).run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (RawConnection connection = RawConnection.open(port)) {
				for (int i = 0; i < changes; i++) {
					changeHeaderTable(connection, i);
				}
				connection.call(UNARY);
				assertThat(connection.read(RawConnection.DATA).payload()).hasSize(5);
			}
		});
	}

	private static void changeHeaderTable(RawConnection connection, int size) throws Exception {
		connection.write(RawConnection.SETTINGS, 0, 0,
				ByteBuffer.allocate(6).putShort((short) HEADER_TABLE_SIZE).putInt(size).array());
	}

	/**
	 * What the sender of a block has made of the size of its table last, by RFC 7541,
	 * 6.3; the default if it says nothing.
	 */
	private static long tableSize(byte[] block) {
		ByteBuffer in = ByteBuffer.wrap(block);
		long size = 4096;
		while ((in.get(in.position()) & 0xE0) == 0x20) {
			size = in.get() & 0x1F;
			if (size == 0x1F) {
				int shift = 0;
				byte next;
				do {
					next = in.get();
					size += (long) (next & 0x7F) << shift;
					shift += 7;
				}
				while (next < 0);
			}
		}
		return size;
	}

}
