package io.strand.grpc.autoconfigure.test;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Properties for tests of an application.
 */
@ConfigurationProperties("strand.test")
public class GrpcTestProperties {

	/**
	 * Whether the application's server has no address but an in-process one, and every
	 * channel connects to it, wherever its target leads; all other settings stay as they
	 * are. For tests only.
	 */
	private boolean inProcess;

	public boolean isInProcess() {
		return this.inProcess;
	}

	public void setInProcess(boolean inProcess) {
		this.inProcess = inProcess;
	}

}
