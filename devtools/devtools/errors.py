"""Expected failures. Standard library only."""


class DevtoolsError(Exception):
    """An expected failure. Its message is shown without a traceback, and the exit status is 1."""
