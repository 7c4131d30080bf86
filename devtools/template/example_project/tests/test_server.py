from wsgiref.util import setup_testing_defaults

import pytest

from example_project.wsgi import application


@pytest.mark.django_db  # the end of a request closes old connections
def test_application_that_the_server_runs_is_alive():
    environ, started = {"PATH_INFO": "/health/live"}, []
    setup_testing_defaults(environ)

    body = b"".join(application(environ, lambda status, headers: started.append(status)))

    assert (started, body) == (["200 OK"], b'{"status": "ok"}')
