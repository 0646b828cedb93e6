package io.strand.grpc.sample.tour;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Takes the tour once, a smaller one, and looks at what it found.
 */
@SpringBootTest(properties = { "strand.server.port=0", "sample.tour.enabled=false", "sample.traveller.enabled=false",
		"sample.tour.threads=20", "sample.tour.calls-per-thread=5", "sample.tour.senders=8",
		"sample.tour.messages-per-sender=100" })
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TourTests {

	private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

	@Autowired
	private Tour tour;

	private Map<TourStep, Finding> findings;

	@BeforeAll
	void takeTheTour() throws InterruptedException {
		this.findings = this.tour.take(new PrintStream(this.printed, true, StandardCharsets.UTF_8));
	}

	@Test
	void takesEveryStepAndAllHold() {
		assertThat(this.findings).hasSize(22);
		assertThat(this.findings.values()).extracting(Finding::verdict).containsOnly(Verdict.HOLDS);
	}

	@Test
	void stubsShareOneConnection() {
		assertThat(figure(OneConnectionStep.class, "connections open, as the server counts them")).isEqualTo("1");
		assertThat(figure(OneConnectionStep.class, "channels behind them")).isEqualTo("1");
	}

	@Test
	void manyThreadsGetTheirOwnAnswers() {
		assertThat(verdict(ManyThreadsStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(ManyThreadsStep.class, "calls answered")).isEqualTo("100");
		assertThat(figure(ManyThreadsStep.class, "answers to somebody else's question")).isEqualTo("0");
		assertThat(figure(ManyThreadsStep.class, "connections made for it")).isEqualTo("0");
	}

	@Test
	void callsThatWaitForEachOtherAreAnswered() {
		assertThat(verdict(MeetingStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(MeetingStep.class, "calls answered")).isEqualTo("20");
	}

	@Test
	void blockedHandlersStayBlockedWhileOthersAnswer() {
		assertThat(verdict(BlockedHandlersStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(BlockedHandlersStep.class, "handlers blocked from the first of these calls to the last"))
			.isEqualTo("20");
	}

	@Test
	void oneServerServesAllServices() {
		assertThat(verdict(OneServerStep.class)).isEqualTo(Verdict.HOLDS);
		// Six of its own, and health
		assertThat(figure(OneServerStep.class, "services on that server, all on one port")).isEqualTo("7");
	}

	@Test
	void everyMessageOfManySendersArrives() {
		assertThat(verdict(ManySendersStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(ManySendersStep.class, "of the handler's messages arrived")).isEqualTo("800");
		assertThat(figure(ManySendersStep.class, "of the client's messages came back")).isEqualTo("800");
		assertThat(figure(ManySendersStep.class, "of all out of their sender's order")).isEqualTo("0");
	}

	@Test
	void sendingToASlowClientBlocksAndLosesNothing() {
		assertThat(verdict(SlowReaderStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(SlowReaderStep.class, "pages that the client had read by then")).isEqualTo("0");
		assertThat(figure(SlowReaderStep.class, "pages that the client has read in the end")).isEqualTo("256");
	}

	@Test
	void cancelledHandlersAreInterrupted() {
		assertThat(verdict(CancelledHandlerStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(CancelledHandlerStep.class, "handlers that were interrupted")).isEqualTo("10");
	}

	@Test
	void aCallHasOneThread() {
		assertThat(verdict(OneThreadStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(OneThreadStep.class, "threads of a unary call from interceptor to handler, at most"))
			.isEqualTo("1");
	}

	@Test
	void aMethodAtItsLimitRefusesTheNextCall() {
		assertThat(verdict(LimitStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(LimitStep.class, "status of the one more")).isEqualTo("RESOURCE_EXHAUSTED");
		assertThat(figure(LimitStep.class, "handlers of the method that ran then")).isEqualTo("4");
		assertThat(figure(LimitStep.class, "status of a call after that")).isEqualTo("OK");
	}

	@Test
	void aHandlerSendsAndReceivesAtTheSameTime() {
		assertThat(verdict(ExchangeStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(ExchangeStep.class, "letters read before the client had sent one")).isEqualTo("100");
		assertThat(figure(ExchangeStep.class, "letters taken in while the client read none")).isEqualTo("100");
		assertThat(figure(ExchangeStep.class, "of these missing or out of order")).isEqualTo("0");
	}

	@Test
	void eachMessageGoesToOneOfManyReceivers() {
		assertThat(verdict(ManyReceiversStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(ManyReceiversStep.class, "of them received, by exactly one thread")).isEqualTo("400");
		assertThat(figure(ManyReceiversStep.class, "received twice, by another call or out of order")).isEqualTo("0");
		assertThat(figure(ManyReceiversStep.class, "tables that the calls had")).isEqualTo("4");
		assertThat(figure(ManyReceiversStep.class, "tables left after the calls")).isEqualTo("0");
	}

	@Test
	void cancelledReceiversEnd() {
		assertThat(verdict(CancelledReceiversStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(CancelledReceiversStep.class, "calls that were cancelled")).isEqualTo("10");
		assertThat(figure(CancelledReceiversStep.class, "tables left after the calls")).isEqualTo("0");
	}

	@Test
	void theSecondSenderIsToldWhereThatIsConfigured() {
		assertThat(verdict(SecondSenderStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(SecondSenderStep.class, "of them that were told the call and both threads")).isEqualTo("1");
		assertThat(figure(SecondSenderStep.class, "lines of the other thread that arrived")).isEqualTo("40");
	}

	@Test
	void theEventLoopIsNeitherLeftNorBlockedUnseen() {
		assertThat(verdict(EventLoopStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(EventLoopStep.class, "whether that was the event loop")).isEqualTo("yes");
		assertThat(figure(EventLoopStep.class, "warnings in the log that it blocked")).isEqualTo("1");
		assertThat(figure(EventLoopStep.class, "of these lines arrived when the client read"))
			.isEqualTo(figure(EventLoopStep.class, "lines that it could send, with nobody to read them"));
	}

	@Test
	void ofTwoEndsOneWins() {
		assertThat(verdict(RacingEndsStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(RacingEndsStep.class, "losers that were told how the stream had ended")).isEqualTo("200");
	}

	@Test
	void whatAHandlerThrowsEndsItsOwnCall() {
		assertThat(verdict(FailingHandlersStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(FailingHandlersStep.class, "calls that were to be answered, and were")).isEqualTo("25");
		assertThat(figure(FailingHandlersStep.class, "calls ended as UNKNOWN by the error")).isEqualTo("25");
		assertThat(figure(FailingHandlersStep.class, "lines in the log, one for each exception and error"))
			.isEqualTo("50");
	}

	@Test
	void callbacksComeInOrderAndSeeWhatWasWritten() {
		assertThat(verdict(InOrderStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(InOrderStep.class, "lines that the handler counted")).isEqualTo("20,000");
	}

	@Test
	void handlersAnswerLater() {
		assertThat(verdict(LaterAnswersStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(LaterAnswersStep.class, "of them with their own answer")).isEqualTo("20");
	}

	@Test
	void blockedCallbacksStayBlockedWhileOthersAreAnswered() {
		assertThat(verdict(BlockedCallbacksStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(BlockedCallbacksStep.class, "other calls answered, each with its own answer"))
			.isEqualTo("100");
		assertThat(figure(BlockedCallbacksStep.class, "callbacks that blocked from the first of them to the last"))
			.isEqualTo("20");
	}

	@Test
	void smallCallsAreAnsweredBesideLargeMessages() {
		assertThat(verdict(LargeMessagesStep.class)).isEqualTo(Verdict.HOLDS);
		assertThat(figure(LargeMessagesStep.class, "large messages answered meanwhile")).isNotEqualTo("0");
	}

	@Test
	void whatIsNotShownIsListed() {
		assertThat(printed().replaceAll("\\s+", " ")).contains("C5, C6, H9, H11. The README has the list");
	}

	@Test
	void printsNoLineTooWideForATerminal() {
		assertThat(printed().lines()).allSatisfy((line) -> assertThat(line).hasSizeLessThanOrEqualTo(100));
		assertThat(printed()).contains("CONCURRENCY TOUR").isASCII();
	}

	private String printed() {
		return this.printed.toString(StandardCharsets.UTF_8);
	}

	private Verdict verdict(Class<? extends TourStep> step) {
		return finding(step).verdict();
	}

	private String figure(Class<? extends TourStep> step, String name) {
		return finding(step).figures()
			.stream()
			.filter((figure) -> figure.name().equals(name))
			.map(Figure::value)
			.findFirst()
			.orElseThrow();
	}

	private Finding finding(Class<? extends TourStep> step) {
		return this.findings.entrySet()
			.stream()
			.filter((entry) -> step.isInstance(entry.getKey()))
			.map(Map.Entry::getValue)
			.findFirst()
			.orElseThrow();
	}

}
