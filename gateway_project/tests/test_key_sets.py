"""Cache of the keys of an issuer: refresh, rotation, and outages of the provider. The clock is injected."""

import json
import logging

import gevent
import pytest
from prometheus_client import REGISTRY

from proxy.authentication.errors import KeysUnavailableError
from proxy.authentication.key_set import KeySet
from proxy.authentication.policy import Issuer
from proxy.authentication.sources import AddressSource, FileSource, SourceError, source
from tests.issuer import AUDIENCE, ISSUER, SigningKey, key_set
from tests.jwks_server import JwksServer

ONE, TWO = SigningKey("one"), SigningKey("two")
HOUR = 3600.0


class Provider(AddressSource):
    """A fake source of keys: its content can be changed, it can be down, and it counts reads."""

    def __init__(self, *keys):
        super().__init__("https://id.example.com/jwks")
        self.content, self.is_down, self.reads = key_set(*keys), False, 0

    def read(self):
        self.reads += 1
        gevent.sleep(0)
        if self.is_down:
            raise SourceError("connection refused")
        return self.content.encode()


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider():
    return Provider(ONE)


@pytest.fixture
def withdrawals():
    return []


@pytest.fixture
def keys(provider, clock, withdrawals):
    return KeySet(Issuer(ISSUER, AUDIENCE, "unused"), lambda: withdrawals.append(clock.now), provider, clock)


def file_keys(file, clock):
    return KeySet(Issuer(ISSUER, AUDIENCE, str(file)), lambda: None, clock=clock)


def has_key(keys, kid):
    return keys.find(kid, "ES256") is not None


def test_known_keys_are_read_once(keys, provider):
    assert [has_key(keys, "one") for _ in range(100)] == [True] * 100

    assert provider.reads == 1


def test_keys_stay_cached_while_the_provider_is_down_for_an_hour(keys, provider, clock, caplog):
    assert has_key(keys, "one")
    provider.is_down = True

    for _ in range(int(HOUR)):
        clock.now += 1
        keys.refresh()
        gevent.sleep(0)
        assert has_key(keys, "one")

    assert provider.reads == 1 + HOUR / 300
    assert {record.message for record in caplog.records} == {"The keys of an issuer cannot be read"}
    assert caplog.records[0].keys_kept == 1


def test_rotated_key_is_read_at_its_first_use(keys, provider, clock):
    assert has_key(keys, "one")
    clock.now += 31
    provider.content = key_set(ONE, TWO)

    assert has_key(keys, "two")
    assert provider.reads == 2


def test_rotated_key_is_read_within_30_seconds_of_its_first_use(keys, provider, clock):
    assert has_key(keys, "one")
    clock.now += 1
    provider.content = key_set(ONE, TWO)

    read_after = next(seconds for seconds in range(60) if has_key(keys, "two") or tick(clock))

    assert read_after <= 30
    assert provider.reads == 2


def tick(clock):
    clock.now += 1
    return False


def test_rotated_key_is_read_after_an_outage_of_an_hour(keys, provider, clock):
    assert has_key(keys, "one")
    provider.is_down = True
    clock.now += HOUR
    assert not has_key(keys, "two")

    provider.is_down, provider.content = False, key_set(ONE, TWO)

    assert next(seconds for seconds in range(60) if has_key(keys, "two") or tick(clock)) <= 30


def test_concurrent_requests_for_a_key_share_one_read(keys, provider, clock):
    assert has_key(keys, "one")
    clock.now += HOUR
    provider.content = key_set(ONE, TWO)

    waiting = [gevent.spawn(has_key, keys, "two") for _ in range(100)]
    gevent.joinall(waiting)

    assert [one.value for one in waiting] == [True] * 100
    assert provider.reads == 2


@pytest.mark.parametrize("is_down", [False, True])
def test_flood_of_unknown_keys_causes_at_most_two_reads_a_minute(keys, provider, clock, is_down):
    assert has_key(keys, "one")
    provider.is_down = is_down
    began_with = provider.reads

    for number in range(600):
        clock.now += 0.1
        assert not has_key(keys, f"unknown-{number}")
        assert has_key(keys, "one")

    assert 1 <= provider.reads - began_with <= 2


def read_again(keys, clock):
    clock.now += 301
    keys.refresh()
    gevent.sleep(0.01)


def test_withdrawn_key_is_dropped(keys, provider, clock, withdrawals):
    assert has_key(keys, "one")
    provider.content = key_set(TWO)

    read_again(keys, clock)

    assert not has_key(keys, "one")
    assert withdrawals == [clock.now]


@pytest.mark.parametrize("content", [key_set(ONE), key_set(ONE, TWO)])
def test_key_that_stays_is_not_withdrawn(keys, provider, clock, withdrawals, content):
    assert has_key(keys, "one")
    provider.content = content

    read_again(keys, clock)

    assert withdrawals == []


def test_another_key_with_the_same_kid_withdraws_the_first(keys, provider, clock, withdrawals):
    assert has_key(keys, "one")
    provider.content = key_set(SigningKey("one"))

    read_again(keys, clock)

    assert withdrawals == [clock.now]


def test_missing_keys_are_read_every_five_seconds(keys, provider, clock):
    provider.is_down = True
    for _ in range(60):
        with pytest.raises(KeysUnavailableError):
            keys.find("one", "ES256")
        clock.now += 1

    assert provider.reads == 12
    provider.is_down = False
    clock.now += 5
    assert has_key(keys, "one")


@pytest.mark.parametrize(
    "content",
    ["", "null", "[]", "{}", '{"keys": 5}', '{"keys": []}', '{"keys": [5, null, {"kid": 1}]}', "[" * 100_000, "\x00"],
)
def test_unusable_key_set_changes_nothing(keys, provider, clock, content):
    assert has_key(keys, "one")
    provider.content = content
    clock.now += 301
    keys.refresh()
    gevent.sleep(0.01)

    assert provider.reads == 2
    assert has_key(keys, "one")


def test_keys_of_unknown_kinds_are_ignored(keys, provider):
    known = json.loads(provider.content)["keys"]
    provider.content = json.dumps({"keys": [{"kty": "XYZ", "kid": "a"}, {"kid": "b"}, *known]})

    assert has_key(keys, "one")


@pytest.fixture
def server():
    server = JwksServer(key_set(ONE))
    yield server
    server.close()


def test_key_set_is_read_from_an_address(server):
    assert json.loads(source(server.url + "/jwks").read()) == json.loads(server.content)
    assert server.paths == ["/jwks"]


@pytest.mark.parametrize("status", [404, 500])
def test_other_status_is_an_error(server, status):
    server.status = status

    with pytest.raises(SourceError):
        source(server.url).read()


def test_redirects_are_not_followed(server):
    server.status, server.location = 302, server.url + "/elsewhere"

    with pytest.raises(SourceError):
        source(server.url + "/jwks").read()
    assert server.paths == ["/jwks"]


def test_response_of_more_than_a_mebibyte_is_an_error(server):
    server.content = " " * 1024 * 1024 + server.content

    with pytest.raises(SourceError):
        source(server.url).read()


def test_unreachable_provider_is_an_error(server):
    server.close()

    with pytest.raises(SourceError):
        source(server.url).read()


def test_file_is_read_again_when_it_changes(tmp_path, clock):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(ONE))
    keys = file_keys(file, clock)
    assert (has_key(keys, "one"), has_key(keys, "two")) == (True, False)

    file.write_text(key_set(ONE, TWO))

    assert has_key(keys, "two")


def test_unchanged_file_is_not_read_again(tmp_path, clock, monkeypatch):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(ONE))
    reads = []
    monkeypatch.setattr(FileSource, "read", lambda self, read=FileSource.read: reads.append(1) or read(self))
    keys = file_keys(file, clock)

    for number in range(100):
        has_key(keys, f"unknown-{number}")
        clock.now += 1

    assert len(reads) == 1


def test_missing_file_is_read_when_it_appears(tmp_path, clock):
    file = tmp_path / "jwks.json"
    keys = file_keys(file, clock)
    with pytest.raises(KeysUnavailableError):
        keys.find("one", "ES256")

    file.write_text(key_set(ONE))

    assert has_key(keys, "one")


def test_removed_file_leaves_the_keys(tmp_path, clock):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(ONE))
    keys = file_keys(file, clock)
    assert has_key(keys, "one")
    file.unlink()

    clock.now += HOUR
    keys.refresh()
    gevent.sleep(0.01)

    assert has_key(keys, "one")


@pytest.fixture(autouse=True)
def _levels(caplog):
    caplog.set_level(logging.WARNING)


def test_metric_shows_whether_the_keys_are_readable(keys, provider, clock):
    def is_unreadable():
        return REGISTRY.get_sample_value("gateway_issuer_keys_unreadable", {"issuer": ISSUER})

    provider.is_down = True
    with pytest.raises(KeysUnavailableError):
        keys.find("one", "ES256")
    assert is_unreadable() == 1

    provider.is_down = False
    clock.now += HOUR
    assert keys.find("one", "ES256")
    assert is_unreadable() == 0
