"""Exit with 0 if this container is healthy.

healthcheck.py PATH                 ``GET PATH`` (such as /health/live) returns 200 from this container's service
healthcheck.py --file FILE SECONDS  its worker has touched the file within so many seconds
"""

import os
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

OK = 200
TIMEOUT = 4.0  # seconds


def main() -> int:
    """Print the output for `docker inspect`, and return the exit status."""
    try:
        is_healthy = _is_touched(*sys.argv[2:]) if sys.argv[1] == "--file" else _is_served(sys.argv[1])
    except OSError as error:
        print(error)
        return 1
    return 0 if is_healthy else 1


def _is_served(path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", int(os.environ["BIND"].rpartition(":")[2]), timeout=TIMEOUT)
    connection.request("GET", path, headers={"Host": "localhost", "Connection": "close"})
    response = connection.getresponse()
    print(response.status, response.read(500).decode(errors="replace"))
    return response.status == OK


def _is_touched(file: str, seconds: str) -> bool:
    age = time.time() - Path(file).stat().st_mtime
    print(f"{file} was touched {age:.1f} s ago")
    return age < float(seconds)


if __name__ == "__main__":
    sys.exit(main())
