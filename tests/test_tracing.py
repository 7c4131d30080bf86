"""With tracing on, one trace covers all services that handle an order."""

import json
import subprocess
import uuid

import pytest

from devservers.processes import wait_for
from devtools.projects import PROJECTS, gunicorn_command
from tests.api import make_user
from tests.event_worker import EventWorker
from tests.system import environment_of

UNTRACED = ("/health/live", "/health/ready", "/health", "/metrics")
PARENT = "b7ad6b7169203331"
WITHOUT_OPENTELEMETRY = "import sys; sys.modules['opentelemetry'] = None"


@pytest.fixture(scope="module")
def system(run_system_with_events):
    settings = {"LOG_FORMAT": "json", "OTEL_TRACES_EXPORTER": "console", "WEB_CONCURRENCY": "1"}
    with run_system_with_events(**settings) as system:
        yield system


def lines(service):
    """Return the complete lines; the last one may still be written."""
    return [json.loads(line) for line in service.log.rpartition("\n")[0].splitlines()]


def spans(service, trace_id):
    return [line for line in lines(service) if line.get("context", {}).get("trace_id") == f"0x{trace_id}"]


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


def place_order(system, trace_id, request_id):
    """Place an order and wait until its spans are written; a server writes its span after the response."""
    with system.gateway.client() as client:
        user = make_user(client)
        response = client.post(
            "/orders",
            json={"user_id": user["id"], "product_name": "Laptop"},
            headers={"traceparent": f"00-{trace_id}-{PARENT}-01", "X-Request-ID": request_id},
        )
    assert response.status_code == 201
    whole_way = (["user", "order", "gateway"], f"0x{PARENT}")
    assert wait_for(lambda: way_up(system, trace_id) == whole_way, seconds=10)
    return response.headers["X-Request-ID"]


def test_one_trace_covers_gateway_order_and_user_service(system):
    trace_id = uuid.uuid4().hex

    request_id = place_order(system, trace_id, f"order-{trace_id}")

    for service in system.of_an_order:
        for span in spans(service, trace_id):
            assert span["attributes"]["request_id"] == request_id, span
            assert "http.request.method" in span["attributes"], span
        (access,) = [line for line in lines(service) if line.get("request_id") == request_id]
        assert access["trace_id"] == trace_id
    names = {
        (service.project.name, span["kind"].removeprefix("SpanKind."), span["name"])
        for service in system.services
        for span in spans(service, trace_id)
    }
    assert names == {
        ("gateway", "SERVER", "POST /orders"),
        ("gateway", "CLIENT", "POST"),
        ("order", "SERVER", "POST /orders"),
        ("order", "CLIENT", "GET"),
        ("user", "SERVER", "GET /users/{pk}"),
    }


def test_probes_and_metrics_are_not_traced(system):
    for service in system.services:
        with service.client() as client:
            for path in (*UNTRACED, "/traced"):
                client.get(path)

    for service in system.services:
        assert wait_for(lambda log=service: '"url.path": "/traced"' in log.log, seconds=10)
        spans = [line["attributes"] for line in lines(service) if "kind" in line]
        targets = [span.get("url.path") or span["url.full"] for span in spans]
        assert [target for target in targets if target.endswith(UNTRACED)] == [], service.project.name


@pytest.mark.parametrize("project", PROJECTS.values(), ids=lambda project: project.name)
def test_service_without_tracing_packages_exits_with_one_line(project, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_OPENTELEMETRY)
    environment = environment_of(project, {}, tmp_path, {})

    done = subprocess.run(
        gunicorn_command(project),
        cwd=project.folder,
        env=environment | {"OTEL_TRACES_EXPORTER": "otlp", "PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert 'install the extra "tracing"' in done.stderr
    assert "TRACING=1" in done.stderr
    assert not list(tmp_path.glob("*-metrics-*"))


def test_one_trace_covers_the_change_of_a_user_and_its_effect_on_orders(system, tmp_path):
    trace_id = uuid.uuid4().hex
    worker = EventWorker(system.order, tmp_path / "worker.log")
    worker.start()
    try:
        with system.gateway.client() as client:
            user = make_user(client)
            changed = client.patch(
                f"/users/{user['id']}",
                json={"is_active": False},
                headers={"traceparent": f"00-{trace_id}-{PARENT}-01"},
            )
        assert changed.status_code == 200
        assert wait_for(lambda: trace_id in worker.log, seconds=30)
    finally:
        worker.kill()

    (span,) = [json.loads(line) for line in worker.log.splitlines() if trace_id in line]
    assert span["name"] == "process com.example.user.changed.v1"
    assert span["kind"] == "SpanKind.CONSUMER"
    assert span["resource"]["attributes"]["service.name"] == "order-worker"
    writers = {one["context"]["span_id"] for one in spans(system.user, trace_id)}
    assert span["parent_id"] in writers
