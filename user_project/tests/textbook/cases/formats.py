"""Guides "Renderers", "Parsers" and "Content negotiation"."""

from conformance.cases import Case
from tests.textbook.people import ADA

TEXT = {"Accept": "text/plain"}
PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nNotes\r\n'
    b'--b\r\nContent-Disposition: form-data; name="upload"; filename="n.txt"\r\n\r\nhello\r\n--b--\r\n'
)

CASES = [
    Case(
        "own renderer",
        "GET",
        f"/text/{ADA}",
        headers=TEXT,
        text=f'200 {{"id": {ADA}',
        sent={"Content-Type": "text/plain; charset=utf-8", "ETag": None},
    ),
    Case("own renderer: list", "GET", "/text", headers=TEXT, text='200 {"next": null'),
    Case(
        "own renderer: error",
        "GET",
        "/text/1",
        headers=TEXT,
        status=404,
        text='404 {"type": "urn:problem:not_found"',
        sent={"Content-Type": "text/plain; charset=utf-8"},
    ),
    Case(
        "own renderer: other media type",
        "GET",
        f"/text/{ADA}",
        has={"name": "Ada Lovelace"},
        sent={"Content-Type": "application/json"},
    ),
    Case("format in the query", "GET", f"/text/{ADA}?format=txt", text=f'200 {{"id": {ADA}'),
    Case(
        "binary renderer",
        "GET",
        f"/images/{ADA}",
        text="Ada Lovelace",
        sent={"Content-Type": "image/x-own", "Content-Length": "14"},
    ),
    Case(
        "TemplateHTMLRenderer",
        "GET",
        f"/templates/{ADA}",
        text="<h1>Ada Lovelace</h1>",
        sent={"Content-Type": "text/html; charset=utf-8"},
    ),
    Case(
        "own negotiation",
        "GET",
        f"/ignorant/{ADA}",
        headers={"Accept": "image/png"},
        has={"name": "Ada Lovelace"},
    ),
    Case(
        "nothing acceptable",
        "GET",
        f"/text/{ADA}",
        headers={"Accept": "image/png"},
        status=406,
        has={"type": "urn:problem:not_acceptable"},
    ),
    Case(
        "browsable API",
        "GET",
        f"/pages/{ADA}",
        headers={"Accept": "text/html"},
        text="Ada Lovelace",
        sent={"Content-Type": "text/html; charset=utf-8"},
    ),
    Case(
        "own parser",
        "POST",
        "/uploads/text",
        b"some text",
        {"Content_Type": "text/plain"},
        json={"text": "some text"},
    ),
    Case(
        "own parser: other media type",
        "POST",
        "/uploads/text",
        {"a": 1},
        status=415,
        has={"type": "urn:problem:unsupported_media_type"},
    ),
    Case(
        "FileUploadParser",
        "PUT",
        "/uploads/file/a.txt",
        b"hello",
        {"Content_Type": "text/plain"},
        json={"name": "a.txt", "content": "hello"},
    ),
    Case(
        "MultiPartParser",
        "POST",
        "/uploads/parts",
        PARTS,
        {"Content_Type": "multipart/form-data; boundary=b"},
        json={"title": "Notes", "content": "hello"},
    ),
    Case(
        "FormParser",
        "POST",
        "/pages",
        b"name=Grace&email=g%40example.com",
        {"Content_Type": "application/x-www-form-urlencoded"},
        201,
        has={"name": "Grace", "email": "g@example.com"},
    ),
    Case(
        "integers over 64 bits, number keys",
        "GET",
        "/numbers/numbers",
        text='{"1":1180591620717411303424,"decimal":1.5,"line":"\\u2028","nested":[{"2":-18446744073709551616}]}',
    ),
]
