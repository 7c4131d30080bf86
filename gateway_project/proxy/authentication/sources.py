"""Sources of an issuer's key set: a URL or a file."""

import os
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Protocol

import gevent

SECONDS = 2.0  # for one response
UNKNOWN_SECONDS = 30.0  # between two attempts, if a token has an unknown key
_REFRESH_SECONDS = 300.0  # between two attempts otherwise
_MAX_BYTES = 1024 * 1024


class SourceError(Exception):
    """The key set cannot be read; the message has the reason."""


class Source(Protocol):
    """The interface of a source."""

    def is_due(self, age: float, *, is_key_unknown: bool) -> bool:
        """Return whether to read the source again, ``age`` seconds after the last attempt."""

    def read(self) -> bytes:
        """Return the content.

        Raises:
            SourceError: the content cannot be read.
        """


def source(jwks: str) -> Source:
    """Return the source for a URL or a path."""
    return AddressSource(jwks) if jwks.startswith(("https://", "http://")) else FileSource(Path(jwks))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Makes redirects errors: only the configured URL is trusted."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Return None, so that urllib raises HTTPError."""


class AddressSource:
    """A key set at a URL."""

    def __init__(self, address: str) -> None:
        self._request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310 - https, or loopback
        self._opener = urllib.request.build_opener(_NoRedirects)

    def is_due(self, age: float, *, is_key_unknown: bool) -> bool:
        """Return whether the minimum interval has passed."""
        return age >= (UNKNOWN_SECONDS if is_key_unknown else _REFRESH_SECONDS)

    def read(self) -> bytes:
        """Return the body of a response with status 200.

        Raises:
            SourceError: there is no such response within 2 seconds, or it is larger than 1 MiB.
        """
        try:
            with gevent.Timeout(SECONDS, TimeoutError(f"no response within {SECONDS:g} s")):
                content = self._fetch()
        except (OSError, HTTPException, ValueError) as error:
            raise SourceError(str(error) or type(error).__name__) from error
        if len(content) > _MAX_BYTES:
            raise SourceError(f"the response is larger than {_MAX_BYTES} bytes")
        return content

    def _fetch(self) -> bytes:
        with self._opener.open(self._request, timeout=SECONDS) as response:
            content: bytes = response.read(_MAX_BYTES + 1)
            return content


class FileSource:
    """A key set in a file, which is read again when it changes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._version: tuple[int, ...] | None = None

    def is_due(self, age: float, *, is_key_unknown: bool) -> bool:
        """Return whether the file has changed since it was last read."""
        return self._version != self._stat()

    def read(self) -> bytes:
        """Return the content of the file.

        Raises:
            SourceError: the file cannot be read.
        """
        self._version = self._stat()
        try:
            return self._file.read_bytes()
        except OSError as error:
            raise SourceError(str(error)) from error

    def _stat(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(self._file)  # noqa: PTH116 - faster than pathlib; runs for each token with an unknown key
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
