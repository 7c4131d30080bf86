"""Django's views, responses and middleware; REST framework's "Function-based views" and "Generic views"."""

from conformance.cases import Case
from tests.textbook.people import ADA

CASES = [
    Case("async view", "GET", f"/async/{ADA}", json={"name": "Ada Lovelace", "view": "asynchronous"}),
    Case("async iteration", "GET", "/async-lines", text="Ada Lovelace\nEve\n"),
    Case(
        "StreamingHttpResponse",
        "GET",
        "/lines",
        text="line 0\nline 1\nline 2\n",
        sent={"Content-Length": None},
    ),
    Case(
        "FileResponse",
        "GET",
        "/download",
        text="a,b\n1,2\n",
        sent={
            "Content-Length": "8",
            "Content-Type": "text/csv",
            "Content-Disposition": "attachment; filename*=utf-8''%C3%BCbersicht.csv",
        },
    ),
    Case("redirect", "GET", "/old", status=302, sent={"Location": "/users"}),
    Case("set_cookie", "GET", "/cookies", headers={"Cookie": "flavour=soy"}, text="soy"),
    Case(
        "DetailView",
        "GET",
        f"/pages-of/{ADA}",
        text="<h1>Ada Lovelace</h1>",
        sent={"X-Template-Response": "TemplateResponse"},
    ),
    Case("function as middleware", "GET", "/health/live", sent={"X-Stamp": "GET"}),
    Case(
        "function as middleware: API",
        "GET",
        f"/users/{ADA}",
        has={"name": "Ada Lovelace"},
        sent={"X-Stamp": "GET"},
    ),
    Case(
        "middleware responds",
        "GET",
        f"/users/{ADA}",
        headers={"X_Maintenance": "1"},
        status=503,
        text="closed",
        sent={"X-Stamp": None},
    ),
    Case("process_exception", "GET", "/teapot", status=418, text="short and stout"),
    Case("process_template_response", "GET", f"/users/{ADA}", sent={"X-Template-Response": "Response"}),
    Case("process_view, keyword of the address", "GET", f"/teams/red/context/{ADA}", has={"team": "red"}),
    Case("process_view, none in the address", "GET", f"/context/{ADA}", has={"team": "none"}),
    Case(
        "@api_view",
        "POST",
        "/echo",
        b"a=1",
        {"Content_Type": "application/x-www-form-urlencoded", "Host": "127.0.0.1"},
        202,
        json={"data": {"a": "1"}, "self": "http://127.0.0.1/echo"},
    ),
    Case(
        "@api_view: other method",
        "PUT",
        "/echo",
        b"a=1",
        status=405,
        has={"type": "urn:problem:method_not_allowed"},
    ),
    Case(
        "metadata_class",
        "OPTIONS",
        "/clock",
        json={"name": "Clock", "description": "An APIView with the guide's MinimalMetadata."},
    ),
    Case("handle_exception", "DELETE", "/clock", status=405, sent={"X-Handled": "MethodNotAllowed"}),
    Case(
        "generic view",
        "POST",
        "/starting/E",
        {"name": "Emil", "email": "emil@example.com"},
        status=201,
        has={"name": "Emil"},
    ),
]
