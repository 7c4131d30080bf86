"""The upstream's answer as a Django response."""

from collections.abc import Callable, Iterator

from django.http.response import HttpResponseBase

from http1.body import Body
from http1.fields import Fields
from http1.head import ResponseHead
from proxy.errors import FAILURES, GatewayError, from_failure


class ProxiedResponse(HttpResponseBase):
    """Hands on the header pairs as they came, and the body piece by piece.

    Django's own headers are a mapping, which merges what repeats, and its cookies are parsed; neither may happen here.
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
        super().__init__(content_type="", reason=head.reason)  # for None, Django would make one up
        self.status_code = head.status
        self._has_been_logged = True  # an error status is the upstream's to log
        self._fields = fields
        self._first = first  # what came of the body with the head
        self._body = body
        self._on_end: Callable[[GatewayError | None], None] | None = on_end

    def items(self) -> Fields:  # pairs, where Django has a view of a mapping
        """Return the header pairs."""
        return self._fields

    def __setitem__(self, header: str, value: str | bytes | int) -> None:
        lower = header.lower()
        self._fields = [pair for pair in self._fields if pair[0].lower() != lower]
        self._fields.append((header, str(value)))

    @property
    def trailers(self) -> Fields:
        """The trailers that came after the body."""
        return self._body.trailers

    def __iter__(self) -> Iterator[bytes]:
        """Return the pieces; an empty one first when the head need not wait for the body.

        Raises:
            GatewayError: the body broke off.
        """
        if self._first or not self._body.finished:
            yield self._first
        try:
            yield from self._body
        except FAILURES as error:
            failure = from_failure(error)
            self._end(failure)
            raise failure from error
        self._end(None)

    def close(self) -> None:
        """Let go of the connection, which still sends when the client went away."""
        self._end(GatewayError("The client went away."))
        super().close()

    def _end(self, error: GatewayError | None) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end:
            on_end(error)
