"""Fuzzing: all parsers find the same end of a random message, and no server fails, leaks or mixes up responses.

`python3 manage_all.py fuzz --minutes 60` divides the time among the tests; `--seed` repeats a run.
"""

import itertools
import time
from functools import partial
from random import Random

import pytest

from devservers.ports import Address, find_free_port
from devtools.projects import PROJECTS
from tests.fuzzing import grammar, parsers
from tests.fuzzing.exchange import FAILURES, OK, SECONDS, Growth, Upstream, exchange, requests_in, responses_in
from tests.fuzzing.parsers import NotComparableError, RefusedError, disagreement
from tests.system import Service, environment_of, kill_all

TESTS = 6  # that share the time
FEWEST_CASES = 50  # of a test, even on a slow machine

CONFIGURATION = """
[upstreams.all]
urls = ["{url}"]
read_timeout = 2
breaker_failures = 1000000000

[[routes]]
path = "/"
upstream = "all"
"""


@pytest.fixture
def randoms(request):
    """``randoms(growth=None)`` yields a random generator for each case until the time is over.

    ``growth`` is measured after half of the run and compared at its end.
    """
    seconds, seed = request.config.getoption("--minutes") * 60 / TESTS, request.config.getoption("--seed")

    def randoms(growth=None):
        begins_at, is_measured = time.monotonic(), False
        for number in itertools.count():
            passed = time.monotonic() - begins_at
            if growth and not is_measured and number >= FEWEST_CASES / 2 and passed > seconds / 2:
                growth.begin()
                is_measured = True
            if number >= FEWEST_CASES and passed > seconds:
                break
            yield Random(f"{seed} {request.node.name} {number}")
        if growth:
            growth.check()
        print(f"\n{request.node.name}: {number} cases of seed {seed} in {passed:.0f} s")  # noqa: T201

    return randoms


@pytest.fixture(scope="module")
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def gateway(upstream, data_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzing")
    (folder / "gateway.toml").write_text(CONFIGURATION.format(url=upstream.url))
    addresses = {name: Address("127.0.0.1", find_free_port()) for name in PROJECTS}
    environment = environment_of(PROJECTS["gateway"], addresses, data_dir, {})
    environment |= {"GATEWAY_CONFIG": str(folder / "gateway.toml"), "WEB_CONCURRENCY": "1", "ACCESS_LOG": "false"}
    service = Service(PROJECTS["gateway"], addresses["gateway"], environment, folder / "gateway.log")
    service.start()
    yield service
    kill_all([service])


def check_responses(data, received):
    """Check that ``received`` has complete responses to the requests in ``data``, and no unexpected 5xx."""
    methods = list(requests_in(data))
    try:
        responses = responses_in(received, methods)
    except (AssertionError, RefusedError, NotComparableError) as error:
        raise AssertionError(f"{error!r} to {data!r}: {received!r}") from error
    assert responses or not methods or first_is_incomplete(data), f"no response to {data!r}"
    for response in responses:
        status = int(response.start)
        assert status < 500 or status in FAILURES, f"{status} to {data!r}"


def first_is_incomplete(data):
    """Return whether ``data`` ends before its first request does."""
    try:
        return parsers.codec_request(data) is None
    except RefusedError:
        return False


def test_parsers_agree_where_a_request_ends(randoms):
    for random in randoms():
        data = grammar.request(random, [b"/", b"/users"]) + grammar.request(random, [b"/"])
        assert not (found := disagreement(data, parsers.codec_request, parsers.REQUEST_REFERENCES)), (
            data,
            found,
        )


def test_parsers_agree_where_a_response_ends(randoms):
    for random in randoms():
        data = grammar.response(random) + grammar.response(random)
        assert not (found := disagreement(data, parsers.codec_response, parsers.RESPONSE_REFERENCES)), (
            data,
            found,
        )


@pytest.mark.parametrize("defect", ["length", "chunks", "end"])
def test_a_parser_with_a_defect_is_found(defect):
    def broken(data):
        message = parsers.codec_request(data)
        if message is None or not message.body:
            return message
        if defect == "end":
            return parsers.Message(message.start, message.body, message.end - 1)
        head, _, _ = data.partition(b"\r\n\r\n")
        framing = b"transfer-encoding" if defect == "chunks" else b"content-length"
        return parsers.Message(message.start, b"", len(head) + 4) if framing in head.lower() else message

    found = [
        disagreement(grammar.request(Random(seed), [b"/"]), broken, parsers.REQUEST_REFERENCES) for seed in range(300)
    ]

    assert any(found)


@pytest.mark.parametrize("received", [b"", OK + OK, OK[:-1], OK.replace(b"200", b"500"), b"noise"])
def test_missing_superfluous_cut_and_failed_responses_are_found(received):
    with pytest.raises(AssertionError):
        check_responses(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", received)


def test_random_requests_reach_the_upstream_as_one_request_each(gateway, upstream, randoms):
    upstream.violations.clear()

    for random in randoms(Growth(gateway.process.pid)):
        data = grammar.request(random, [b"/", b"/a/b", b"//", b"*", b"http://h/"])
        data += grammar.request(random, [b"/"]) * random.choice([0, 0, 1])
        received = exchange(gateway.address, data)
        check_responses(data, received)
        assert not upstream.violations, (data, upstream.violations)

    assert "Traceback" not in gateway.log


def test_random_responses_are_forwarded_whole_or_rejected(gateway, upstream, randoms):
    for random in randoms(Growth(gateway.process.pid)):
        sent, token, ends = grammar.response(random), b"%016x" % random.getrandbits(64), random.random() < 0.97
        responses = iter([(sent, ends)])
        probe = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + token
        upstream.respond = partial(respond_once, responses, (probe, False))
        received = exchange(gateway.address, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        check_forwarded(sent, received)
        after = exchange(gateway.address, b"GET /probe HTTP/1.1\r\nHost: h\r\n\r\n")
        assert responses_in(after, [b"GET"])[0].body == token, (sent, after)

    assert "Traceback" not in gateway.log


def respond_once(responses, probe, request):
    """Respond to ``/probe`` with ``probe``, and to other requests with the next response, if any is left."""
    return probe if request.target == b"/probe" else next(responses, (b"", True))


def check_forwarded(sent, received):
    """Check that a complete response is the one that the upstream sent, as h11 parses it, or the gateway's own."""
    try:
        response = final_response(received)
    except RefusedError as error:
        raise AssertionError(f"{error}: {received!r} from {sent!r}") from error
    if response is None or b"urn:problem:" in response.body:
        return  # truncated, which the client detects, or rejected
    try:
        original = final_response(sent)
    except (RefusedError, NotComparableError):
        return  # repaired by the gateway, as RFC 9112 requires of a proxy
    assert original is not None, (sent, received)
    assert (response.start, response.body) == (original.start, original.body), sent


def final_response(data):
    """Return the first final response in ``data``, as h11 parses it; None if it is incomplete."""
    while (response := parsers.h11_response(data)) and response.start.startswith(b"1"):
        data = data[response.end :]
    return response


@pytest.mark.parametrize("name", ["user", "order"])
def test_service_handles_random_requests(system, name, randoms):
    service = getattr(system, name)

    for random in randoms(Growth(service.process.pid)):
        path = b"/%bs" % name.encode()
        data = grammar.request(random, [path, path + b"/1", path + b"/", b"/health/live", b"/schema", b"/admin/x"])
        started = time.monotonic()
        check_responses(data, exchange(service.address, data))
        assert time.monotonic() - started < SECONDS

    assert "Traceback" not in service.log
