"""In a process that has this folder in PYTHONPATH, names have the addresses that a file gives them.

It takes the place of the C library's look-up, below everything of Python's and gevent's. A line of the file is a name
and its addresses; no addresses: the name is unknown; ``hangs``: the answer takes longer than a test.
"""

import _socket
import os
from pathlib import Path
from time import sleep  # before gevent puts its own there

HANGS = "hangs"
LONGEST_SECONDS = 60


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002 -- as in the standard library
    name = host.decode() if isinstance(host, bytes) else host
    for line in Path(os.environ["NAMES_FILE"]).read_text().splitlines():
        known, *addresses = line.split()
        if known == name:
            break
    else:
        return real(host, port, family, type, proto, flags)
    if HANGS in addresses:
        sleep(LONGEST_SECONDS)
    if not addresses:
        raise _socket.gaierror(_socket.EAI_NONAME, "Name or service not known")
    return [found for address in addresses for found in real(address, port, family, type, proto, flags)]


real, _socket.getaddrinfo = _socket.getaddrinfo, getaddrinfo
