"""Calls every method of Greeter, Echo and RouteGuide and checks the answers.

Usage: check_services.py HOST:PORT. Ends with 1 if an answer is wrong or missing.
"""

import math
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import echo_pb2
import echo_pb2_grpc
import grpc
import helloworld_pb2
import helloworld_pb2_grpc
import route_guide_pb2
import route_guide_pb2_grpc

TIMEOUT_SECONDS = 20

BERLIN = route_guide_pb2.Point(latitude=525200000, longitude=134050000)
PARIS = route_guide_pb2.Point(latitude=488566000, longitude=23522000)
NOWHERE = route_guide_pb2.Point(latitude=1, longitude=1)
AROUND_NEW_YORK = route_guide_pb2.Rectangle(
    lo=route_guide_pb2.Point(latitude=400000000, longitude=-750000000),
    hi=route_guide_pb2.Point(latitude=420000000, longitude=-730000000),
)


class WrongAnswer(Exception):
    pass


def expect(what, actual, expected):
    if actual != expected:
        raise WrongAnswer(f"{what} is {actual!r}, expected {expected!r}")


def say_hello(channel):
    greeter = helloworld_pb2_grpc.GreeterStub(channel)
    reply = greeter.SayHello(helloworld_pb2.HelloRequest(name="Python"), timeout=TIMEOUT_SECONDS)
    expect("the greeting", reply.message, "Hello Python")


def unary_echo(channel):
    reply, call = echo_pb2_grpc.EchoStub(channel).UnaryEcho.with_call(
        echo_pb2.EchoRequest(message="grüß dich"), timeout=TIMEOUT_SECONDS
    )
    expect("the echo", reply.message, "grüß dich")
    expect("a timestamp in the headers", "timestamp" in dict(call.initial_metadata()), True)
    expect("a timestamp in the trailers", "timestamp" in dict(call.trailing_metadata()), True)


def server_streaming_echo(channel):
    request = echo_pb2.EchoRequest(message="again")
    replies = echo_pb2_grpc.EchoStub(channel).ServerStreamingEcho(request, timeout=TIMEOUT_SECONDS)
    expect("the echoes", [reply.message for reply in replies], ["again"] * 10)


def client_streaming_echo(channel):
    requests = (echo_pb2.EchoRequest(message=f"message {i}") for i in range(100))
    reply = echo_pb2_grpc.EchoStub(channel).ClientStreamingEcho(requests, timeout=TIMEOUT_SECONDS)
    expect("the echo of the last message", reply.message, "message 99")


def bidirectional_streaming_echo(channel):
    messages = [f"message {i}" for i in range(100)]
    requests = (echo_pb2.EchoRequest(message=message) for message in messages)
    replies = echo_pb2_grpc.EchoStub(channel).BidirectionalStreamingEcho(requests, timeout=TIMEOUT_SECONDS)
    expect("the echoes", [reply.message for reply in replies], messages)


def get_feature(channel):
    guide = route_guide_pb2_grpc.RouteGuideStub(channel)
    berlin = guide.GetFeature(BERLIN, timeout=TIMEOUT_SECONDS)
    expect("the place", berlin, route_guide_pb2.Feature(name="Berlin", location=BERLIN))
    nowhere = guide.GetFeature(NOWHERE, timeout=TIMEOUT_SECONDS)
    expect("the place that is none", nowhere, route_guide_pb2.Feature(location=NOWHERE))


def list_features(channel):
    guide = route_guide_pb2_grpc.RouteGuideStub(channel)
    places = list(guide.ListFeatures(AROUND_NEW_YORK, timeout=TIMEOUT_SECONDS))
    expect("New York among the places", "New York" in [place.name for place in places], True)
    outside = [
        place.name
        for place in places
        if not (
            AROUND_NEW_YORK.lo.latitude <= place.location.latitude <= AROUND_NEW_YORK.hi.latitude
            and AROUND_NEW_YORK.lo.longitude <= place.location.longitude <= AROUND_NEW_YORK.hi.longitude
        )
    ]
    expect("the places outside the rectangle", outside, [])


def record_route(channel):
    guide = route_guide_pb2_grpc.RouteGuideStub(channel)
    summary = guide.RecordRoute(iter([BERLIN, PARIS, NOWHERE]), timeout=TIMEOUT_SECONDS)
    expect("the number of points", summary.point_count, 3)
    expect("the number of places", summary.feature_count, 2)
    metres = haversine(BERLIN, PARIS) + haversine(PARIS, NOWHERE)
    if abs(summary.distance - metres) > 1:
        raise WrongAnswer(f"the distance is {summary.distance} m, expected {metres:.1f} m")


def haversine(start, end):
    lat1, lat2 = (math.radians(point.latitude / 1e7) for point in (start, end))
    east = math.radians((end.longitude - start.longitude) / 1e7)
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(east / 2) ** 2
    return 2 * 6371000 * math.asin(math.sqrt(a))


def route_chat(channel):
    # A point of this run alone: the server keeps the notes
    here = route_guide_pb2.Point(
        latitude=random.randint(-900000000, 900000000), longitude=random.randint(-1800000000, 1800000000)
    )
    notes = [route_guide_pb2.RouteNote(location=here, message=text) for text in ("one", "two", "three")]
    guide = route_guide_pb2_grpc.RouteGuideStub(channel)
    answers = list(guide.RouteChat(iter(notes), timeout=TIMEOUT_SECONDS))
    expect("the earlier notes", [note.message for note in answers], ["one", "one", "two"])


def multiplex(channel):
    """Two services on one connection, many calls at a time."""
    checks = [say_hello, unary_echo, bidirectional_streaming_echo] * 20
    with ThreadPoolExecutor(max_workers=20) as threads:
        for result in [threads.submit(check, channel) for check in checks]:
            result.result(timeout=TIMEOUT_SECONDS)


CHECKS = [
    ("Greeter/SayHello", say_hello),
    ("Echo/UnaryEcho", unary_echo),
    ("Echo/ServerStreamingEcho", server_streaming_echo),
    ("Echo/ClientStreamingEcho", client_streaming_echo),
    ("Echo/BidirectionalStreamingEcho", bidirectional_streaming_echo),
    ("RouteGuide/GetFeature", get_feature),
    ("RouteGuide/ListFeatures", list_features),
    ("RouteGuide/RecordRoute", record_route),
    ("RouteGuide/RouteChat", route_chat),
    ("Greeter and Echo at the same time", multiplex),
]


def passes(name, check, channel):
    try:
        check(channel)
    except WrongAnswer as ex:
        print(f"  WRONG   {name}: {ex}")
    except grpc.RpcError as ex:
        print(f"  FAILED  {name}: {ex.code().name} {ex.details()}")
    else:
        print(f"  ok      {name}")
        return True
    return False


def main(target):
    print(f"grpcio {grpc.__version__} calls {target}")
    with grpc.insecure_channel(target) as channel:
        results = [passes(name, check, channel) for name, check in CHECKS]
    print(f"{sum(results)} of {len(results)} checks passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
