"""With tracing on, one trace spans all services that an order passes."""

import json
import uuid

import pytest

from launcher.processes import wait_for
from tests.api import make_user


@pytest.fixture
def system(run_system):
    with run_system(LOG_FORMAT="json", OTEL_TRACES_EXPORTER="console") as system:
        yield system


def spans(service, trace_id):
    lines = [json.loads(line) for line in service.log.splitlines() if trace_id in line]
    return [line for line in lines if "context" in line]


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
    for service in system.services:
        assert wait_for(lambda service=service: spans(service, trace_id), seconds=5), service.project.name
    by_id = {
        span["context"]["span_id"]: (service.project.name, span)
        for service in system.services
        for span in spans(service, trace_id)
    }
    path = []
    (name, span) = next(entry for entry in by_id.values() if entry[0] == "user")
    while span["parent_id"] in by_id:
        path.append(name)
        name, span = by_id[span["parent_id"]]
    path.append(name)
    assert list(dict.fromkeys(path)) == ["user", "order", "gateway"]
    assert span["parent_id"] == "0xb7ad6b7169203331"
