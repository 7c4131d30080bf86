import pytest

from users.management.commands.work import Command


@pytest.mark.parametrize(("url", "is_relayed"), [("", False), ("redis://127.0.0.1:1", True)])
def test_the_worker_sends_events_to_a_broker_if_there_is_one(settings, url, is_relayed):
    settings.EVENTS_BROKER_URL = url

    jobs = Command().jobs()

    assert ("relay events" in [job.name for job in jobs]) is is_relayed
