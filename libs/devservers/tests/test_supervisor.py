import contextlib
from pathlib import Path

import pytest

from devservers.supervisor import Console

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_output_continues_while_the_disk_of_the_log_is_full(capfd):
    console = Console(FULL)

    console.say("first\nsecond", "user")
    with contextlib.suppress(OSError):
        console.log.close()

    assert capfd.readouterr().out == "user         | first\nuser         | second\n"
