package io.strand.grpc.sample.postoffice;

import java.util.ArrayList;
import java.util.List;

import com.google.protobuf.ByteString;
import io.strand.grpc.sample.proto.Letter;
import io.strand.grpc.sample.proto.PostOfficeGrpc;
import io.strand.grpc.sample.proto.SortedMail;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.Receiving;

/**
 * Takes letters in and hands letters out. Each stream has several threads, which end with
 * their call; there is no lock around the streams.
 */
@GrpcService(PostOfficeGrpc.class)
class PostOfficeService {

	private static final int CLERKS = 8;

	/** Large enough that a few fill what the transport keeps. */
	private static final ByteString CONTENT = ByteString.copyFrom(new byte[16 * 1024]);

	private final Mailroom mailroom;

	/** The table of the current call. */
	private final SortingTable table;

	PostOfficeService(Mailroom mailroom, SortingTable table) {
		this.mailroom = mailroom;
		this.table = table;
	}

	SortedMail sort(ClientStream<Letter> letters) throws InterruptedException {
		List<Receiving> clerks = new ArrayList<>();
		for (int clerk = 0; clerk < CLERKS; clerk++) {
			int pile = clerk;
			clerks.add(letters.receiveEach((letter) -> this.table.lay(pile, letter)));
		}
		for (Receiving clerk : clerks) {
			clerk.join();
		}
		return this.table.sorted(CLERKS);
	}

	void exchange(BidiStream<Letter, Letter> counter) throws InterruptedException {
		Receiving bringing = counter.receiveEach((letter) -> this.mailroom.takeIn());
		for (int number = 0; bringing.isActive(); number++) {
			counter.send(Letter.newBuilder().setNumber(number).setContent(CONTENT).build());
			this.mailroom.handOut();
		}
		bringing.join();
	}

}
