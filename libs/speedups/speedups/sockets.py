"""The state of idle connections."""

import select


def is_silent(file_descriptor: int) -> bool:
    """Return True if an idle connection is healthy: no received bytes, not closed, no error."""
    poll = select.poll()
    poll.register(file_descriptor, select.POLLIN)
    return not poll.poll(0)
