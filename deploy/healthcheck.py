"""Succeeds when the service in this container answers 200 to GET of the path that is given: /health/live."""

import os
import sys
from http.client import HTTPConnection

OK = 200
TIMEOUT = 4.0  # seconds


def main() -> int:
    """Ask; print the answer, which `docker inspect` then shows; return the exit status."""
    connection = HTTPConnection("127.0.0.1", int(os.environ["BIND"].rpartition(":")[2]), timeout=TIMEOUT)
    try:
        connection.request("GET", sys.argv[1], headers={"Host": "localhost", "Connection": "close"})
        response = connection.getresponse()
        print(response.status, response.read(500).decode(errors="replace"))
    except OSError as error:
        print(error)
        return 1
    return 0 if response.status == OK else 1


if __name__ == "__main__":
    sys.exit(main())
