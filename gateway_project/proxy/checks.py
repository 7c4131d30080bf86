"""System checks: ``manage.py check`` validates the routes file."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from proxy import current
from proxy.configuration import ConfigurationError, read


@register
def routes_file(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report the error that makes the routes file invalid."""
    try:
        read(current.file())
    except ConfigurationError as error:
        return [Error(str(error), hint="See docs/gateway.md for the format.", id="proxy.E001")]
    return []
