"""One request, answered by the WSGI application."""

from collections.abc import Callable
from logging import Logger
from typing import Any

from http1.answer import Answer
from http1.environ import wsgi_environ
from http1.head import CHUNKED
from http1.request_reader import WholeRequest
from speedups.connection import Connection


def answer_request(
    application: Any,
    connection: Connection,
    request: WholeRequest,
    is_stopping: Callable[[], bool],
    log: Logger,
) -> bool:
    """Let ``application`` answer; return whether the connection can carry another request."""
    answer = Answer(connection.sock, request.head, request, is_stopping)
    environ = wsgi_environ(request.head, client=connection.address, body=request.content)
    if request.length is CHUNKED:  # PEP 3333 knows bodies by their length only
        environ["CONTENT_LENGTH"] = str(len(request.content))
    pieces: Any = ()
    try:
        pieces = application(environ, answer.start_response)
        answer.send(pieces)
    except (BlockingIOError, ConnectionError):
        return False  # the client is gone, or does not read
    except Exception:  # of which Django leaves none
        log.exception("Error handling request")
        if not answer.has_begun:
            is_head = request.head.method == "HEAD"
            connection.refuse(500, "The server failed; the error has been logged.", omits_body=is_head)
        return False
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return answer.keeps_connection and request.finished
