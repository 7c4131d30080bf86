import pytest

from events.inbox.broker import BrokerConsumer
from events.inbox.consumer import Consumer
from orders.management.commands.work import Command


@pytest.mark.parametrize(("url", "kind"), [("", Consumer), ("redis://127.0.0.1:1", BrokerConsumer)])
def test_the_worker_consumes_from_a_broker_if_there_is_one(settings, url, kind):
    settings.EVENTS_BROKER_URL = url

    consume, *_ = Command().jobs()

    assert type(consume.run.__self__) is kind
