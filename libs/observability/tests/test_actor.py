import json
import logging

import pytest
from django.http import HttpResponse

from observability import access_log
from observability.actor import current_actor, set_actor
from observability.logs import RequestFilter
from observability.request_id import RequestIdMiddleware

LINE = {"method": "GET", "path": "/", "status": 200, "size": 0, "seconds": 0.1, "client": "::1", "request_id": "abc"}


@pytest.fixture
def actor():
    """Set an actor, and clear it after the test."""
    yield set_actor
    set_actor("")


def test_actor_is_cleared_after_the_request(rf):
    def view(request):
        set_actor("7")
        return HttpResponse(current_actor())

    response = RequestIdMiddleware(view)(rf.get("/"))

    assert (response.content, current_actor()) == (b"7", "")


def test_actor_is_cleared_after_a_failed_request(rf):
    def view(request):
        set_actor("7")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RequestIdMiddleware(view)(rf.get("/"))

    assert current_actor() == ""


@pytest.mark.parametrize(("subject", "members"), [("7", {"actor": "7"}), ("", {})])
def test_access_log_contains_the_actor(actor, settings, capsys, subject, members):
    settings.LOG_FORMAT = "json"
    actor(subject)

    access_log.log(**LINE)

    entry = json.loads(capsys.readouterr().err)
    assert {name: entry[name] for name in entry if name == "actor"} == members


def test_actor_in_the_console_access_log_stays_on_one_line(actor, settings, capsys):
    settings.LOG_FORMAT = "console"
    actor("7\nforged")

    access_log.log(**LINE)

    assert capsys.readouterr().err == "GET / 200 0 B 100.0 ms ::1 actor='7\\nforged' [abc]\n"


def test_log_records_contain_the_actor(actor):
    without, with_actor = logging.makeLogRecord({}), logging.makeLogRecord({})
    RequestFilter().filter(without)
    actor("key:partner")
    RequestFilter().filter(with_actor)

    assert ("actor" in vars(without), with_actor.actor) == (False, "key:partner")
