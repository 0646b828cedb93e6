package io.strand.grpc.sample.tour;

/**
 * One stop of the tour: does something, measures it, says what it shows. Steps run one
 * after the other. A step judges by what it has measured and by nothing else.
 */
interface TourStep {

	/**
	 * What it is about.
	 * @return a few words
	 */
	String title();

	/**
	 * The promises it looks at.
	 * @return ids of the README's table
	 */
	String contract();

	/**
	 * Does it. Blocks until everything it started has ended, a minute or two at most.
	 * @return what was found
	 * @throws Exception if it could not be done, which counts as a broken promise
	 */
	Finding take() throws Exception;

}
