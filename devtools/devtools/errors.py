"""Failures that a person can mend. Standard library only."""


class DevtoolsError(Exception):
    """A failure whose message says what to do; it is shown without a traceback, and the exit status is 1."""
