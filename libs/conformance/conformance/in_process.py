"""Handles requests with Django's test client, in a separate process: one line of JSON per request and response.

Settings and ``SPEEDUPS`` are read once per process, so each mode needs its own.
"""

import gc
import json
import sys
from typing import TextIO

import django
from django.test import Client


def serve(requests: TextIO, responses: TextIO) -> None:
    """Handle requests until the end of the input."""
    django.setup()
    client = Client(raise_request_exception=False, enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    for line in requests:
        method, path, body, headers = json.loads(line)
        response = client.generic(
            method, path, body.encode("latin-1"), headers.pop("Content-Type", ""), headers=headers
        )
        content = response.getvalue()
        client.cookies.clear()  # requests are independent
        text = [response.status_code, list(response.items()), content.decode("latin-1")]
        print(json.dumps(text), file=responses, flush=True)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
    gc.freeze()  # skips the garbage collection at exit, which takes 0.1 s
