"""The production compose file: TLS, given secrets and stricter checks."""

import json
import secrets
import ssl
import subprocess
from contextlib import closing
from http.client import HTTPSConnection

import pytest
import requests

from devservers.ports import find_free_port
from devservers.processes import wait_for
from devtools.projects import PROJECTS, with_database
from tests.compose import TLS_BASE_IMAGE, require_compose, stack_of_clean_clone

HOST = "shop.example.com"
SECRETS = (
    *(f"{name}_secret_key" for name in PROJECTS),
    *(f"{project.name}_db_password" for project in with_database()),
    "service_token",
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}
START_SECONDS = 60


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """The folder SECRETS_DIR, with a self-signed certificate."""
    require_compose(TLS_BASE_IMAGE)
    folder = tmp_path_factory.mktemp("given")
    for name in SECRETS:
        (folder / name).write_text(secrets.token_hex(32))
    key, chain = folder / "key.pem", folder / "chain.pem"
    new = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-days",
        "2",
    ]
    new += ["-subj", f"/CN={HOST}", "-keyout", key, "-out", chain]
    subprocess.run(new, check=True, capture_output=True, timeout=30)
    (folder / "tls.pem").write_text(chain.read_text() + key.read_text())
    return folder


@pytest.fixture(scope="module")
def ports():
    return {"HTTP_PORT": str(find_free_port()), "HTTPS_PORT": str(find_free_port())}


@pytest.fixture(scope="module")
def stack(given, ports, tmp_path_factory):
    with stack_of_clean_clone(
        tmp_path_factory.mktemp("compose"),
        COMPOSE_FILE="docker-compose.yml:docker-compose.production.yml",
        ALLOWED_HOSTS=HOST,
        SECRETS_DIR=str(given),
        TLS_SUBNET="10.213.81.16/28",  # differs from the default, which a deployment may use
        **ports,
    ) as stack:
        stack.compose("up", "--build", "--detach", "--wait", "--wait-timeout=180")
        yield stack
    assert stack.left_behind() == {}


@pytest.fixture
def get(stack, given, ports):
    """Sends a GET through tls, with the host name that clients use."""

    def get(path, **headers):
        with requests.Session() as session:
            session.trust_env = False
            return session.get(
                f"https://127.0.0.1:{ports['HTTPS_PORT']}{path}",
                headers={"Host": HOST} | headers,
                verify=False,
                timeout=10,
            )

    return get


pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


@pytest.mark.parametrize("path", ["/users", "/orders", "/health", "/health/ready", "/nowhere", "/users/0"])
def test_every_response_has_security_headers(get, path):
    assert SECURITY_HEADERS.items() <= get(path).headers.items()


@pytest.mark.parametrize("path", [*(f"/admin/{project.name}/" for project in with_database()), "/metrics"])
def test_admins_and_metrics_are_not_accessible(get, path):
    assert get(path).status_code == 404


def test_unknown_host_is_rejected(get):
    assert get("/users", Host="evil.example").status_code == 400


def test_http_is_redirected_to_https(stack, ports):
    response = requests.get(
        f"http://127.0.0.1:{ports['HTTP_PORT']}/users",
        headers={"Host": HOST},
        allow_redirects=False,
        timeout=10,
    )

    assert (response.status_code, response.headers["Location"]) == (
        308,
        f"https://{HOST}:{ports['HTTPS_PORT']}/users",
    )


@pytest.mark.parametrize("service", PROJECTS)
def test_deployment_check_passes(stack, service):
    stack.compose("exec", "-T", service, "python", "manage.py", "check", "--deploy", "--fail-level=WARNING")


def test_given_secrets_are_not_visible_in_docker_inspect(stack, given):
    described = stack.describe_all()

    assert not [name for name in SECRETS if (given / name).read_text() in described]


def test_response_without_a_gateway_is_a_problem_with_security_headers(stack, get):
    stack.compose("stop", "gateway")
    response = get("/users")
    stack.compose("start", "gateway")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.text)["type"] == "urn:problem:no_gateway"
    assert SECURITY_HEADERS.items() <= response.headers.items()
    assert wait_for(lambda: get("/users").ok, seconds=START_SECONDS, pause_seconds=0.5)


def test_request_whose_gateway_dies_is_not_reported_as_unprocessed(stack, get, given, ports):
    context = ssl.create_default_context(cafile=given / "chain.pem")
    context.check_hostname = False
    with closing(HTTPSConnection("127.0.0.1", int(ports["HTTPS_PORT"]), context=context)) as connection:
        for _ in range(4):  # so that tls has connections to reuse
            connection.request("GET", "/users", headers={"Host": HOST})
            connection.getresponse().read()

        connection.request("POST", "/orders", body=b"{", headers={"Host": HOST, "Content-Length": "50"})
        stack.compose("kill", "gateway")
        response = connection.getresponse()
        problem = json.load(response)
    stack.compose("start", "gateway")

    assert (response.status, problem["type"]) == (502, "urn:problem:broken_answer")
    assert wait_for(lambda: get("/users").ok, seconds=START_SECONDS, pause_seconds=0.5)
