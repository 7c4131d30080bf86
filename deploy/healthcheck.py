"""Exit with 0 if ``GET`` of the given path (such as /health/live) returns 200 from this container's service."""

import os
import sys
from http.client import HTTPConnection

OK = 200
TIMEOUT = 4.0  # seconds


def main() -> int:
    """Send the request, print the response for `docker inspect`, and return the exit status."""
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
