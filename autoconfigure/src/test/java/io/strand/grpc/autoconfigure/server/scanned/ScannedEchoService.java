package io.strand.grpc.autoconfigure.server.scanned;

import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoService;

/**
 * A service for component scans to find; it has a package of its own so that they find
 * nothing else.
 */
@GrpcService(beanName = "namedByAnnotation")
class ScannedEchoService extends EchoService {

}
