"""What the operating system knows about a connection."""

import select


def is_silent(file_descriptor: int) -> bool:
    """Whether there is nothing to read from an idle connection: neither bytes, nor that it was closed or has failed."""
    poll = select.poll()
    poll.register(file_descriptor, select.POLLIN)
    return not poll.poll(0)
