"""The WSGI environment (PEP 3333)."""

import io
from wsgiref.validate import validator

import pytest

from http1.environ import wsgi_environ
from http1.head import RefusedError, parse_request


def environ(*lines, line="GET / HTTP/1.1", **options):
    head = parse_request("\r\n".join([line, "Host: example.org", *lines, "", ""]))
    return wsgi_environ(head, **{"client": "203.0.113.7"} | options)


def test_request_is_in_the_environment():
    found = environ("X-A: 1", line="POST /a?b=%20 HTTP/1.1", scheme="https", body=b"hello")

    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a",
        "QUERY_STRING": "b=%20",
        "REMOTE_ADDR": "203.0.113.7",
        "HTTP_HOST": "example.org",
        "HTTP_X_A": "1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "RAW_URI": "/a?b=%20",
        "wsgi.url_scheme": "https",
    }
    assert found | expected == found
    assert found["wsgi.input"].read() == b"hello"


@pytest.mark.parametrize("lines", [(), ("X-A: 1", "X-A: 2", "X_B: 3")])
def test_environment_passes_the_validator_of_the_standard_library(lines):
    @validator
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(5)]

    response = application(environ("Content-Length: 5", *lines, body=b"hello"), lambda *args: None)

    assert list(response) == [b"hello"]
    response.close()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b", "/a/b"),
        ("/%61%2Fb//%C3%A9?%41", "/a/b//Ã©"),
        ("/%", "/%"),
        ("/a*b", "/a*b"),
        ("/*", "/*"),
    ],
)
def test_path_is_decoded_to_bytes(target, path):
    found = environ(line=f"GET {target} HTTP/1.1")

    assert (found["PATH_INFO"], found["RAW_URI"]) == (path, target)


def test_request_for_the_whole_server_has_a_path():
    assert environ(line="OPTIONS * HTTP/1.1")["PATH_INFO"] == "/"


def test_content_type_and_length_have_no_http_prefix():
    found = environ("Content-Type: text/plain", "Content-Length: 5")

    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("text/plain", "5")
    assert "HTTP_CONTENT_TYPE" not in found


def test_fields_with_the_same_name_are_joined():
    found = environ("X-A: 1", "x-a: 2", "Cookie: a=1", "Cookie: b=2", "X-B: 3")

    assert (found["HTTP_X_A"], found["HTTP_COOKIE"], found["HTTP_X_B"]) == ("1,2", "a=1; b=2", "3")


@pytest.mark.parametrize("others", [(), ("X-A: 1", "X-A: 2")])
def test_field_with_an_underscore_is_dropped(others):
    found = environ("X_Forwarded_For: 10.0.0.1", *others)

    assert "HTTP_X_FORWARDED_FOR" not in found


def test_fields_cannot_override_server_variables():
    found = environ("REQUEST-METHOD: DELETE", "Server-Name: evil")

    assert (found["REQUEST_METHOD"], found["SERVER_NAME"]) == ("GET", "localhost")


def test_server_protocol_is_the_version_of_the_request():
    assert environ(line="GET / HTTP/1.0")["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_client_port_is_optional():
    assert environ(client_port="1234")["REMOTE_PORT"] == "1234"
    assert "REMOTE_PORT" not in environ()


def test_input_is_terminated_and_a_file_wrapper_is_available():
    found = environ()

    assert found["wsgi.input_terminated"] is True
    assert list(found["wsgi.file_wrapper"](io.BytesIO(b"hello"), 3)) == [b"hel", b"lo"]


def test_script_name_is_stripped_from_the_path():
    found = environ(line="GET /base/%61?b HTTP/1.1", script_name="/base")

    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/base", "/a")
    with pytest.raises(RefusedError):
        environ(line="GET /other HTTP/1.1", script_name="/base")


@pytest.mark.parametrize(
    "read", [lambda body: body.read(), lambda body: body.read(5), lambda body: body.readline(), list]
)
def test_body_over_the_limit_cannot_be_read(read):
    with pytest.raises(OSError, match="larger than the server accepts"):
        read(environ(body=None)["wsgi.input"])


def test_server_port_is_the_port_of_the_socket():
    assert environ()["SERVER_PORT"] == "80"
    assert environ(port="9100")["SERVER_PORT"] == "9100"
