import logging

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(caplog):
    """The one access line that a test wrote."""
    caplog.set_level(logging.INFO, logger="access")

    def only():
        (record,) = [record for record in caplog.records if record.name == "access"]
        return record

    return only


def test_answer_is_one_line_without_the_query(api, line):
    api.get("/users?email=ada@example.com", headers={"user-agent": "ada@example.com", "x-request-id": "abc"})

    record = line()
    assert (record.method, record.path, record.status, record.client) == ("GET", "/users", 200, "127.0.0.1")
    assert record.milliseconds >= 0
    assert "ada@example.com" not in str(vars(record))


def test_refusals_of_the_middleware_have_a_line_too(api, line, settings):
    settings.SERVICE_TOKENS = ["secret"]

    api.get("/users")

    assert line().status == 401


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
def test_what_machines_poll_is_not_written(api, caplog, path):
    caplog.set_level(logging.INFO, logger="access")

    api.get(path)

    assert not caplog.records


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 192.168.1.1", "203.0.113.7"),
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "nonsense"),
        ("127.0.0.1", " , ", "127.0.0.1"),
    ],
)
def test_client_is_the_last_address_that_no_trusted_proxy_has(api, line, peer, forwarded, client):
    headers = {"x-forwarded-for": forwarded} if forwarded else {}

    api.get("/nowhere", headers=headers, REMOTE_ADDR=peer)

    assert line().client == client
