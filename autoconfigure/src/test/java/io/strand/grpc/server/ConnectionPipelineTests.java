package io.strand.grpc.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.transport.HookedCredentials;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what {@link Connections} puts into the pipeline of each, nearest to the
 * socket first.
 */
@ExtendWith(LeakCheckExtension.class)
class ConnectionPipelineTests {

	private final BlockingQueue<Connected> connected = new LinkedBlockingQueue<>();

	@Test
	void whatIsWrittenIsGatheredBehindAllThatWrites() throws Exception {
		Connections connections = new Connections(TransportLimits.DEFAULT);
		ServerCredentials shown = HookedCredentials.of(InsecureServerCredentials.create(),
				(transport, negotiation) -> new Look(negotiation));
		Server server = NettyServerBuilder.forPort(0, connections.counted(shown)).build().start();
		ManagedChannel channel = Grpc
			.newChannelBuilderForAddress("localhost", server.getPort(), InsecureChannelCredentials.create())
			.build();
		try {
			channel.getState(true);
			Connected first = this.connected.poll(10, TimeUnit.SECONDS);
			assertThat(first).isNotNull();
			assertThat(first.handlers()).startsWith("WriteBuffer", "UnreadAnswers", "SilenceWatch", "LingeringClose");
			assertThat(first.smallBufferIsDirect()).as("a frame that is copied is of the heap").isFalse();
		}
		finally {
			channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
			server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
		}
	}

	private record Connected(List<String> handlers, boolean smallBufferIsDirect) {
	}

	/** Looks at a connection when all else has had its part in it. */
	private final class Look extends ChannelInboundHandlerAdapter {

		private final ChannelHandler negotiation;

		private Look(ChannelHandler negotiation) {
			this.negotiation = negotiation;
		}

		@Override
		public void handlerAdded(ChannelHandlerContext context) {
			List<String> handlers = new ArrayList<>();
			for (Map.Entry<String, ChannelHandler> handler : context.pipeline()) {
				handlers.add(handler.getValue().getClass().getSimpleName());
			}
			ByteBuf small = context.alloc().buffer(20);
			ConnectionPipelineTests.this.connected.add(new Connected(handlers, small.isDirect()));
			small.release();
			context.pipeline().replace(this, null, this.negotiation);
		}

	}

}
