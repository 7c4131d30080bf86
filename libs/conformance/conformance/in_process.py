"""Answers requests by Django's test client: a line of JSON for each request, and one for its response.

A process of its own, as the settings and ``SPEEDUPS`` are read once in a process.
"""

import gc
import json
import sys
from typing import TextIO

import django
from django.test import Client


def serve(requests: TextIO, responses: TextIO) -> None:
    """Answer each request until there are no more."""
    django.setup()
    client = Client(raise_request_exception=False, enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    for line in requests:
        method, path, body, headers = json.loads(line)
        response = client.generic(
            method, path, body.encode("latin-1"), headers.pop("Content-Type", ""), headers=headers
        )
        content = response.getvalue()
        client.cookies.clear()  # a client sends what its request says
        text = [response.status_code, list(response.items()), content.decode("latin-1")]
        print(json.dumps(text), file=responses, flush=True)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
    gc.freeze()  # skips the interpreter's last garbage collections, which take 0.1 s
