"""What goes wrong in ways that a person can mend."""

import click


class LauncherError(click.ClickException):
    """A failure whose message says what to do; it is shown without a traceback, and the exit status is 1."""


class StopRequested(Exception):  # noqa: N818 - a request, not an error
    """Somebody pressed Ctrl-C or sent a signal that asks for the end."""
