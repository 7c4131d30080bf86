"""Parse sizes and rates of the routes file."""

import re
from typing import NamedTuple

_SIZE = re.compile(r"(\d{1,15}) ?(B|kB|MB|GB|KiB|MiB|GiB)")
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_RATE = re.compile(r"([1-9]\d{0,8})/(second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Rate(NamedTuple):
    """A number of requests per number of seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        """Return the rate as written in the routes file."""
        unit = next(name for name, seconds in _SECONDS.items() if seconds == self.seconds)
        return f"{self.requests}/{unit}"


def parse_size(text: str) -> int:
    """Return the number of bytes of a size such as ``"1 MiB"``.

    Raises:
        ValueError: the text is not a whole number and one of B, kB, MB, GB, KiB, MiB, GiB.
    """
    if not (found := _SIZE.fullmatch(text)):
        raise ValueError(f'"{text}" is not a size such as "1 MiB" (units: {", ".join(_BYTES)})')
    return int(found[1]) * _BYTES[found[2]]


def parse_rate(text: str) -> Rate:
    """Return a rate such as ``"100/second"``.

    Raises:
        ValueError: the text is not a positive whole number per second, minute, hour or day.
    """
    if not (found := _RATE.fullmatch(text)):
        raise ValueError(f'"{text}" is not a rate such as "100/second" (units: {", ".join(_SECONDS)})')
    return Rate(int(found[1]), _SECONDS[found[2]])
