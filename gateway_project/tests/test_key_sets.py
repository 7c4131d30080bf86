"""Keys of issuers: when they are read, and what happens while they cannot be. The clock is injected."""

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
    """An address whose content is set, which may be away, and which counts how often it is asked."""

    def __init__(self, *keys):
        super().__init__("https://id.example.com/jwks")
        self.content, self.is_away, self.reads = key_set(*keys), False, 0

    def read(self):
        self.reads += 1
        gevent.sleep(0)
        if self.is_away:
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


def knows(keys, kid):
    return keys.find(kid, "ES256") is not None


def test_known_keys_are_read_once(keys, provider):
    assert [knows(keys, "one") for _ in range(100)] == [True] * 100

    assert provider.reads == 1


def test_keys_stay_while_the_provider_is_away_for_an_hour(keys, provider, clock, caplog):
    assert knows(keys, "one")
    provider.is_away = True

    for _ in range(int(HOUR)):
        clock.now += 1
        keys.refresh()
        gevent.sleep(0)
        assert knows(keys, "one")

    assert provider.reads == 1 + HOUR / 300
    assert {record.message for record in caplog.records} == {"The keys of an issuer cannot be read"}
    assert caplog.records[0].keys_kept == 1


def test_rotated_key_is_taken_at_its_first_use(keys, provider, clock):
    assert knows(keys, "one")
    clock.now += 31
    provider.content = key_set(ONE, TWO)

    assert knows(keys, "two")
    assert provider.reads == 2


def test_rotated_key_is_taken_within_30_seconds_of_its_first_use(keys, provider, clock):
    assert knows(keys, "one")
    clock.now += 1
    provider.content = key_set(ONE, TWO)

    taken_after = next(seconds for seconds in range(60) if knows(keys, "two") or tick(clock))

    assert taken_after <= 30
    assert provider.reads == 2


def tick(clock):
    clock.now += 1
    return False


def test_rotated_key_is_taken_after_an_hour_without_provider(keys, provider, clock):
    assert knows(keys, "one")
    provider.is_away = True
    clock.now += HOUR
    assert not knows(keys, "two")

    provider.is_away, provider.content = False, key_set(ONE, TWO)

    assert next(seconds for seconds in range(60) if knows(keys, "two") or tick(clock)) <= 30


def test_many_who_wait_for_a_key_share_one_attempt(keys, provider, clock):
    assert knows(keys, "one")
    clock.now += HOUR
    provider.content = key_set(ONE, TWO)

    waiting = [gevent.spawn(knows, keys, "two") for _ in range(100)]
    gevent.joinall(waiting)

    assert [one.value for one in waiting] == [True] * 100
    assert provider.reads == 2


@pytest.mark.parametrize("is_away", [False, True])
def test_flood_of_unknown_keys_asks_twice_a_minute_at_most(keys, provider, clock, is_away):
    assert knows(keys, "one")
    provider.is_away = is_away
    began_with = provider.reads

    for number in range(600):
        clock.now += 0.1
        assert not knows(keys, f"unknown-{number}")
        assert knows(keys, "one")

    assert 1 <= provider.reads - began_with <= 2


def read_again(keys, clock):
    clock.now += 301
    keys.refresh()
    gevent.sleep(0.01)


def test_withdrawn_key_is_dropped(keys, provider, clock, withdrawals):
    assert knows(keys, "one")
    provider.content = key_set(TWO)

    read_again(keys, clock)

    assert not knows(keys, "one")
    assert withdrawals == [clock.now]


@pytest.mark.parametrize("content", [key_set(ONE), key_set(ONE, TWO)])
def test_key_that_stays_is_not_withdrawn(keys, provider, clock, withdrawals, content):
    assert knows(keys, "one")
    provider.content = content

    read_again(keys, clock)

    assert withdrawals == []


def test_another_key_of_the_same_name_withdraws_the_first(keys, provider, clock, withdrawals):
    assert knows(keys, "one")
    provider.content = key_set(SigningKey("one"))

    read_again(keys, clock)

    assert withdrawals == [clock.now]


def test_never_obtained_keys_are_asked_for_every_five_seconds(keys, provider, clock):
    provider.is_away = True
    for _ in range(60):
        with pytest.raises(KeysUnavailableError):
            keys.find("one", "ES256")
        clock.now += 1

    assert provider.reads == 12
    provider.is_away = False
    clock.now += 5
    assert knows(keys, "one")


@pytest.mark.parametrize(
    "content",
    ["", "null", "[]", "{}", '{"keys": 5}', '{"keys": []}', '{"keys": [5, null, {"kid": 1}]}', "[" * 100_000, "\x00"],
)
def test_unusable_key_set_changes_nothing(keys, provider, clock, content):
    assert knows(keys, "one")
    provider.content = content
    clock.now += 301
    keys.refresh()
    gevent.sleep(0.01)

    assert provider.reads == 2
    assert knows(keys, "one")


def test_keys_of_unknown_kinds_are_ignored(keys, provider):
    known = json.loads(provider.content)["keys"]
    provider.content = json.dumps({"keys": [{"kty": "XYZ", "kid": "a"}, {"kid": "b"}, *known]})

    assert knows(keys, "one")


@pytest.fixture
def server():
    server = JwksServer(key_set(ONE))
    yield server
    server.close()


def test_address_is_read(server):
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


def test_provider_that_does_not_listen_is_an_error(server):
    server.close()

    with pytest.raises(SourceError):
        source(server.url).read()


def test_file_is_read_again_when_it_changes(tmp_path, clock):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(ONE))
    keys = file_keys(file, clock)
    assert (knows(keys, "one"), knows(keys, "two")) == (True, False)

    file.write_text(key_set(ONE, TWO))

    assert knows(keys, "two")


def test_unchanged_file_is_not_read_again(tmp_path, clock, monkeypatch):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(ONE))
    reads = []
    monkeypatch.setattr(FileSource, "read", lambda self, read=FileSource.read: reads.append(1) or read(self))
    keys = file_keys(file, clock)

    for number in range(100):
        knows(keys, f"unknown-{number}")
        clock.now += 1

    assert len(reads) == 1


def test_missing_file_is_taken_when_it_appears(tmp_path, clock):
    file = tmp_path / "jwks.json"
    keys = file_keys(file, clock)
    with pytest.raises(KeysUnavailableError):
        keys.find("one", "ES256")

    file.write_text(key_set(ONE))

    assert knows(keys, "one")


def test_file_that_is_removed_leaves_the_keys(tmp_path, clock):
    file = tmp_path / "jwks.json"
    file.write_text(key_set(ONE))
    keys = file_keys(file, clock)
    assert knows(keys, "one")
    file.unlink()

    clock.now += HOUR
    keys.refresh()
    gevent.sleep(0.01)

    assert knows(keys, "one")


@pytest.fixture(autouse=True)
def _levels(caplog):
    caplog.set_level(logging.WARNING)


def test_metrics_tell_whether_the_keys_can_be_read(keys, provider, clock):
    def is_unreadable():
        return REGISTRY.get_sample_value("gateway_issuer_keys_unreadable", {"issuer": ISSUER})

    provider.is_away = True
    with pytest.raises(KeysUnavailableError):
        keys.find("one", "ES256")
    assert is_unreadable() == 1

    provider.is_away = False
    clock.now += HOUR
    assert keys.find("one", "ES256")
    assert is_unreadable() == 0
