"""Size limits of request heads."""

from dataclasses import dataclass

from http1.head import RefusedError, RequestHead


@dataclass(frozen=True)
class Limits:
    """The limits, in bytes except ``fields``."""

    line: int
    fields: int  # number of header fields
    field: int
    head: int = 131072

    def check(self, head: str, request: RequestHead) -> None:
        """Raise RefusedError if the request exceeds a limit."""
        if head.index("\r\n") > self.line:
            raise RefusedError(414, f"The request line is longer than {self.line} bytes.")
        if len(request.fields) > self.fields:
            raise RefusedError(431, f"There are more than {self.fields} header fields.")
        if len(head) > self.field and any(len(name) + len(value) > self.field for name, value in request.fields):
            raise RefusedError(431, f"A header field is longer than {self.field} bytes.")
