"""The response of the upstream as a Django response."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from django.http.response import HttpResponseBase

from http1.body import Body
from http1.fields import Fields
from http1.head import ResponseHead
from proxy.cooperative import cooperative
from proxy.errors import FAILURES, GatewayError, UpstreamError, from_failure

if TYPE_CHECKING:
    from proxy.tunnel import Tunnel


class ProxiedResponse(HttpResponseBase):
    """Forwards the header fields unchanged and streams the body.

    Django's headers are a mapping, which merges repeated fields, and Django parses cookies; a proxy must do neither.
    """

    streaming = True

    def __init__(
        self,
        head: ResponseHead,
        fields: Fields,
        first: bytes,
        body: Body,
        on_end: Callable[[GatewayError | None], None],
    ) -> None:
        super().__init__(content_type="", reason=head.reason)  # with None, Django would add a default
        self.status_code = head.status
        self.tunnel: Tunnel | None = None  # runs after a 101
        self._has_been_logged = True  # the upstream logs its own errors
        self._fields = fields
        self._first = first  # part of the body that arrived with the head
        self._body = body
        self._on_end: Callable[[GatewayError | None], None] | None = on_end

    def items(self) -> Fields:  # a list of pairs instead of a view of a mapping
        """Return the header pairs."""
        return self._fields

    def __setitem__(self, header: str, value: str | bytes | int) -> None:
        del self[header]
        self._fields.append((header, str(value)))

    def __delitem__(self, header: str) -> None:
        lower = header.lower()
        self._fields = [pair for pair in self._fields if pair[0].lower() != lower]

    @property
    def trailers(self) -> Fields:
        """The trailers after the body."""
        return self._body.trailers

    def __iter__(self) -> Iterator[bytes]:
        """Return the pieces of the body; the first is empty if the head can be sent before the body.

        Raises:
            GatewayError: the body is truncated.
        """
        if self._first or not self._body.finished:
            yield self._first
        try:
            yield from cooperative(self._body)
        except (UpstreamError, *FAILURES) as error:
            failure = from_failure(error)
            self._end(failure)
            raise failure from error
        self._end(None)

    def close(self) -> None:
        """Close the connection to the upstream, unless the body was read to its end."""
        self._end(GatewayError("The client disconnected."))
        super().close()

    def _end(self, error: GatewayError | None) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end:
            on_end(error)
