"""Test support: compare responses of a service's WSGI application with and without compiled reads."""

import contextlib
import json
import re
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, unquote_to_bytes, urlsplit

from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, close_old_connections, connection, transaction
from django.test import RequestFactory, override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from conformance.generated import generated
from speedups.reads import known

MIDDLEWARE = "speedups.middleware.CompiledReadsMiddleware"
ODD_TEXTS = ["Ada", 'qu"ote \\ slash', "\u2028 \u2029 \x7f \x01 \t", "Zoë 🐍 \ue000", "a" * 200]

# A random token and its time of expiry.
NEW_CSRF_COOKIE = re.compile("(?<=csrftoken=)[A-Za-z0-9]{32,64}; expires=[^;]+")
CSRF_TOKEN_OF_PAGE = re.compile(b'(?<=")[A-Za-z0-9]{64}(?=")')

many = settings(
    generated,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def leave_out_unknown_middleware(configured):
    """Remove middleware that a team added to the service: it disables compiled reads."""
    names = {MIDDLEWARE, *known.MIDDLEWARE_ABOVE, *known.MIDDLEWARE_BELOW}
    configured.MIDDLEWARE = [path for path in configured.MIDDLEWARE if path in names]


def applications(configured):
    """Return the service's application with and without compiled reads, without unknown middleware."""
    leave_out_unknown_middleware(configured)
    assert MIDDLEWARE in configured.MIDDLEWARE
    others = [path for path in configured.MIDDLEWARE if path != MIDDLEWARE]
    with override_settings(MIDDLEWARE=others):
        textbook = get_wsgi_application()
    return get_wsgi_application(), textbook


def ask(application, method, target, headers=None):
    """Return the status, header fields and body, without generated request ids and tokens."""
    headers = headers or {}
    request = RequestFactory().generic(method, "/", b"not json", "application/json", headers=headers)
    environ = request.environ | {"HTTP_HOST": headers.get("Host", "localhost")}
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("iso-8859-1")  # WSGI's encoding
    for name in ("HTTP_COOKIE", "CONTENT_TYPE", "CONTENT_LENGTH") if method in ("GET", "HEAD") else ():
        environ.pop(name, None)
    if "Cookie" in headers:
        environ["HTTP_COOKIE"] = headers["Cookie"]
    started = []
    with transaction.atomic(), _open_connections():
        response = application(environ, lambda status, fields, error=None: started.append((status, fields)))
        body = b"".join(response)
        response.close()
        transaction.set_rollback(True)
    (status, fields), *others = started
    assert not others
    (request_id,) = [value for name, value in fields if name == "X-Request-ID"]
    if headers.get("X-Request-ID") != request_id:
        assert re.fullmatch("[0-9a-f]{32}", request_id)
        fields = [field for field in fields if field[0] != "X-Request-ID"]
        body = body.replace(request_id.encode(), b"ID")
    body = CSRF_TOKEN_OF_PAGE.sub(b"", body)
    fields = [(name, NEW_CSRF_COOKIE.sub("", value)) for name, value in fields]
    return status, sorted(fields), body


@contextlib.contextmanager
def _open_connections():
    """Prevent Django from closing the database connection of the test, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def targets(resource, ids, cursors):
    """Generate URLs, mostly of objects and lists."""
    numbers = st.sampled_from(
        [*ids, *ids, 0, -1, 2**31, 2**63 - 1, 2**63, 10**18, 10**40, "007", "1_0", "%D9%A3", "abc"]
    )
    numbers |= st.integers() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=5).map(
        lambda text: quote(text, safe="")
    )
    paths = st.just(f"/{resource}") | numbers.map(lambda number: f"/{resource}/{number}")
    paths |= st.sampled_from(["/", f"/{resource}//", f"/{resource}/1/x", "/health/live", f"/{resource}.json"])
    paths = st.tuples(paths, st.sampled_from(["", "", "", "/"])).map("".join)
    values = st.sampled_from(
        [*cursors, "", "1", "2", "50", "100", "101", "0", "-1", "x", "%31", "%E2%80%A8", "id", "json"]
    )
    names = ["page_size", "page_size", "cursor", "cursor", "search", "ordering", "format", "id__in", "x"]
    parts = st.tuples(st.sampled_from(names), st.sampled_from(["=", "=", "=", ""]), values).map("".join)
    good = st.sampled_from(["page_size=2", "page_size=1", "page_size=50", *[f"cursor={one}" for one in cursors]])
    queries = (
        st.just("") | st.lists(good, min_size=1, max_size=2).map("&".join) | st.lists(parts, max_size=3).map("&".join)
    )
    return st.tuples(paths, queries).map(lambda both: "?".join(both) if both[1] else both[0])


def header_fields(etags):
    """Generate request headers, few per request so that many requests are plain."""
    tags = [*etags, *[f"W/{one}" for one in etags], f'"x", {etags[0]}', "*", '"x"', "x", ""]
    accepted = ["*/*", "application/json", "application/json, text/plain, */*", "application/json; indent=4"]
    accepted += [
        "text/html",
        "text/html,*/*;q=0.8",
        "image/png",
        "application/problem+json",
        "",
        "a/b/c",
        "*/*;q=0",
    ]
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    one = {
        "Accept": accepted,
        "If-None-Match": tags,
        "If-Match": tags,
        "If-Modified-Since": [date, "x"],
        "If-Unmodified-Since": [date, "x"],
        "Accept-Encoding": ["gzip", "br;q=0"],
        "Accept-Language": ["de", "x"],
        "Authorization": ["Basic eDp5", "Bearer x"],
        "Cookie": [
            "user_sessionid=; order_sessionid=",
            "user_sessionid=x",
            "user_csrftoken=x; order_csrftoken=y",
            "a=b",
        ],
        "Host": ["localhost", "127.0.0.1:8081", "evil.example", "a b"],
        "Origin": ["https://evil.example"],
        "Range": ["bytes=0-1"],
        "X-Forwarded-Host": ["other.example"],
        "X-Forwarded-Proto": ["https"],
        "X-HTTP-Method-Override": ["DELETE"],
        "X-Request-ID": ["abc", "not well formed"],
        "User-Agent": ["x"],
    }
    fields = st.sampled_from(sorted(one)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(one[name])))
    conditional = st.tuples(st.just("If-None-Match"), st.sampled_from(tags))
    return st.lists(fields, max_size=2).map(dict) | st.just({}) | st.lists(conditional, max_size=1).map(dict)


methods = st.sampled_from(["GET"] * 8 + ["HEAD"] * 2 + ["OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get"])


def sample_values(application, resource, ids):
    """Return valid entity tags and cursors."""
    etags = [dict(ask(application, "GET", f"/{resource}/{pk}")[1])["ETag"] for pk in ids]
    second, cursor = _neighbour(ask(application, "GET", f"/{resource}?page_size=2"), "next")
    third, deeper = _neighbour(ask(application, "GET", second), "next")
    _, back = _neighbour(ask(application, "GET", third), "previous")
    return SimpleNamespace(etags=etags, cursors=[cursor, deeper, back])


def _neighbour(response, name):
    link = urlsplit(json.loads(response[2])[name])
    (cursor,) = parse_qs(link.query)["cursor"]
    return f"{link.path}?{link.query}", cursor


@contextlib.contextmanager
def broken_database():
    """Fault injection: every SELECT raises OperationalError, as on a closed connection. Yields the statements."""
    attempts = []

    def fail(execute, sql, *args):
        if sql.startswith("SELECT"):
            attempts.append(sql)
            raise OperationalError("injected")
        return execute(sql, *args)

    with connection.execute_wrapper(fail):
        yield attempts
