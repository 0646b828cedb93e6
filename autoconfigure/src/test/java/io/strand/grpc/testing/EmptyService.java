package io.strand.grpc.testing;

/**
 * A service without methods.
 */
public class EmptyService extends EmptyGrpc.EmptyImplBase {

}
