"""With tracing on, one trace spans all services that an order passes."""

import json
import uuid

import pytest

from devservers.processes import wait_for
from tests.api import make_user


@pytest.fixture
def system(run_system):
    with run_system(LOG_FORMAT="json", OTEL_TRACES_EXPORTER="console") as system:
        yield system


def spans(service, trace_id):
    lines = [json.loads(line) for line in service.log.splitlines() if trace_id in line]
    return [line for line in lines if "context" in line]


def way_up(system, trace_id):
    """Follow the parents of the user service's span; return the services on the way, and the last parent."""
    by_id = {
        span["context"]["span_id"]: (service.project.name, span)
        for service in system.services
        for span in spans(service, trace_id)
    }
    names, parent = [], None
    step = next((entry for entry in by_id.values() if entry[0] == "user"), None)
    while step:
        name, span = step
        names.append(name)
        parent = span["parent_id"]
        step = by_id.get(parent)
    return list(dict.fromkeys(names)), parent


def test_one_trace_spans_gateway_order_and_user_service(system):
    trace_id = uuid.uuid4().hex
    with system.gateway.client() as client:
        user = make_user(client)
        response = client.post(
            "/orders",
            json={"user_id": user["id"], "product_name": "Laptop"},
            headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"},
        )

    assert response.status_code == 201
    # A span is written when it ends, and those of the servers end after the answer was sent.
    assert wait_for(lambda: way_up(system, trace_id)[0] == ["user", "order", "gateway"], seconds=10)
    assert way_up(system, trace_id)[1] == "0xb7ad6b7169203331"
