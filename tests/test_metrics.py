"""The gateway does not publish metrics."""


def test_metrics_are_not_on_the_public_port(gateway):
    assert gateway.get("/metrics").status_code == 404
