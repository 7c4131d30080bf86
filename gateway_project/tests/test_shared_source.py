"""The processes of a gateway share the keys of an issuer; one of them reads them. The clock is injected."""

import gevent
import pytest

from proxy.authentication.errors import KeysUnavailableError
from proxy.authentication.key_set import KeySet
from proxy.authentication.policy import Issuer
from proxy.authentication.shared_source import SharedSource
from proxy.authentication.sources import SourceError
from tests.issuer import AUDIENCE, ISSUER, SigningKey, key_set
from tests.test_key_sets import Clock, Provider

ONE, TWO = SigningKey("one"), SigningKey("two")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider():
    return Provider(ONE)


@pytest.fixture
def process(provider, clock, tmp_path):
    """Return the key set of another process of the same gateway."""

    def process():
        shared = SharedSource(provider, ISSUER, tmp_path, clock)
        return KeySet(Issuer(ISSUER, AUDIENCE, "unused"), lambda: None, shared, clock)

    return process


def test_processes_that_start_together_read_once(process, provider):
    sets = [process() for _ in range(3)]

    found = [gevent.spawn(keys.find, "one", "ES256") for keys in sets]
    gevent.joinall(found, timeout=10)

    assert all(each.value for each in found)
    assert provider.reads == 1


def test_flood_of_unknown_keys_causes_at_most_two_reads_a_minute_in_all(process, provider, clock):
    sets = [process() for _ in range(3)]
    for keys in sets:
        keys.find("one", "ES256")
    provider.reads = 0

    for _ in range(60):
        clock.now += 1
        for keys in sets:
            assert keys.find("unknown", "ES256") is None

    assert provider.reads == 2


def test_rotated_key_is_read_once_for_all_processes(process, provider, clock):
    first, second = process(), process()
    for keys in (first, second):
        keys.find("one", "ES256")
    clock.now += 30
    provider.content, provider.reads = key_set(ONE, TWO), 0

    assert first.find("two", "ES256")
    assert second.find("two", "ES256")
    assert provider.reads == 1


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"at": 1}'])
def test_unreadable_attempts_of_other_processes_are_ignored(process, tmp_path, clock, provider, content):
    keys = process()
    keys.find("one", "ES256")
    (file,) = tmp_path.glob("keys-*.json")
    file.unlink()
    file.mkdir() if content is None else file.write_text(content)

    clock.now += 3600
    keys.refresh()
    gevent.sleep(0.1)

    assert keys.find("one", "ES256")
    assert provider.reads == 2


def test_attempt_without_a_lock_file_fails_and_keeps_the_keys(process, tmp_path, clock, caplog):
    keys = process()
    keys.find("one", "ES256")
    (lock,) = tmp_path.glob("keys-*.lock")
    lock.unlink()
    lock.mkdir()

    clock.now += 3600
    keys.refresh()
    gevent.sleep(0.1)

    assert keys.find("one", "ES256")
    assert [record.message for record in caplog.records] == ["The keys of an issuer cannot be read"]


def test_process_that_starts_while_the_provider_is_down_has_the_keys(process, provider, clock):
    process().find("one", "ES256")
    clock.now += 3600
    provider.is_down = True

    assert process().find("one", "ES256")


def test_failure_is_logged_by_each_process_and_keys_stay(process, provider, clock, caplog):
    first, second = process(), process()
    for keys in (first, second):
        keys.find("one", "ES256")
    clock.now += 30
    provider.is_down, provider.reads = True, 0

    assert first.find("unknown", "ES256") is None
    assert second.find("unknown", "ES256") is None

    assert provider.reads == 1
    assert [record.reason for record in caplog.records] == ["connection refused"] * 2
    assert second.find("one", "ES256")


def test_missing_keys_are_read_every_five_seconds_by_one_process(process, provider, clock):
    provider.is_down = True
    sets = [process() for _ in range(3)]

    for _ in range(20):
        for keys in sets:
            with pytest.raises(KeysUnavailableError):
                keys.find("one", "ES256")
        clock.now += 1

    assert provider.reads <= 5


def test_process_that_ends_during_its_read_does_not_block_others(process, provider, tmp_path):
    def end():
        raise KeyboardInterrupt

    provider.read, read = end, provider.read
    with pytest.raises(KeyboardInterrupt):
        SharedSource(provider, ISSUER, tmp_path).read()
    provider.read = read

    assert process().find("one", "ES256")


def test_wait_for_the_read_of_another_process_is_limited(provider, tmp_path, monkeypatch):
    monkeypatch.setattr("proxy.authentication.shared_source.SECONDS", 0.05)
    provider.read = lambda: gevent.sleep(1) or b"{}"
    slow = gevent.spawn(SharedSource(provider, ISSUER, tmp_path).read)
    gevent.sleep(0)

    with pytest.raises(SourceError, match="busy"):
        SharedSource(provider, ISSUER, tmp_path).read()

    slow.kill()


def test_full_disk_changes_neither_keys_nor_the_number_of_reads(process, provider, clock, monkeypatch, caplog):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("proxy.authentication.shared_source.Path.write_text", fail)
    keys = process()

    assert keys.find("one", "ES256")
    for _ in range(29):
        clock.now += 1
        assert keys.find("unknown", "ES256") is None
    assert provider.reads == 1
    assert "No space left" in caplog.records[0].reason
