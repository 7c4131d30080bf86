import subprocess
import sys

import pytest

from chassis import tracing


def application(environ, start_response):
    return []


@pytest.mark.parametrize("name", [None, "", "none"])
def test_off_changes_nothing(monkeypatch, name):
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    if name is not None:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", name)

    assert tracing.traced(application) is application


def test_off_imports_nothing():
    code = (
        "import sys; from chassis import tracing; tracing.start('library'); tracing.traced(print);"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    assert (
        subprocess.run([sys.executable, "-c", code], env={"PATH": ""}, check=False).returncode == 0
    )


def test_unknown_exporter_is_refused(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaeger")

    with pytest.raises(ValueError, match="none or one of otlp, console, not jaeger"):
        tracing.start("library")
