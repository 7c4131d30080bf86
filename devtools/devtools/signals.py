"""Turns the signals that ask for an end into something that is looked at when it suits."""

import signal
from types import FrameType

from devtools.errors import StopRequested


def unwind_on_signals() -> None:
    """Let SIGINT, SIGTERM and SIGHUP unwind the stack, so that what a short command started is stopped.

    A second one does not disturb that.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if (
        signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    ):  # started by nohup: meant to outlive its terminal
        numbers.append(signal.SIGHUP)

    def unwind(number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, unwind)


class StopSignals:
    """Notes SIGINT, SIGTERM and SIGHUP; they interrupt nothing by themselves, so no child is lost half-started."""

    def __init__(self) -> None:
        self.received = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.note)
        if (
            signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        ):  # started by nohup: meant to outlive its terminal
            signal.signal(signal.SIGHUP, self.note)

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Count a signal."""
        self.received += 1

    def check(self) -> None:
        """Raise :class:`StopRequested` when a signal came in."""
        if self.received:
            raise StopRequested
