"""The whole system in containers, started with `docker compose up --build` from a clean clone."""

import json
import re

import pytest

from devservers.processes import wait_for
from devtools.projects import PROJECTS, with_database
from tests.api import Client, make_order, make_user
from tests.compose import require_compose, stack_of_clean_clone

SECRETS = ("secret_key", "db_password", "service_token")
SERVICES = (*PROJECTS,)
WORKERS = {project.worker_name: project for project in PROJECTS.values() if project.worker}
DATABASES = [f"{project.name}-db" for project in with_database()]
RECOVERY_SECONDS = 60
MOST_CONTAINERS = {project.name: 2 for project in with_database()} | {"user": 3}  # as docs/operations.md has them
PSQL = ("psql", "--username=postgres", "--no-align", "--tuples-only", "--command")
COMMANDS = 8  # connections for migrate, createsuperuser and the like


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    require_compose()
    with stack_of_clean_clone(tmp_path_factory.mktemp("compose")) as stack:
        yield stack
    assert stack.left_behind() == {}


@pytest.fixture(scope="module")
def stack(clone):
    clone.compose("up", "--build", "--detach", "--wait", "--wait-timeout=180")
    return clone


@pytest.fixture
def client(stack):
    with Client(stack.url) as client:
        wait_until_it_serves(client)
        yield client


def wait_until_it_serves(client):
    def serves():
        try:
            return all(client.get(project.routing.paths[0]).ok for project in with_database())
        except OSError:
            return False

    assert wait_for(serves, seconds=RECOVERY_SECONDS, pause_seconds=0.5)


def running(stack, *services):
    return [container for service in services for container in stack.containers(service)]


def test_order_survives_a_restart_and_new_containers(stack, client):
    order = make_order(client)

    stack.compose("restart")
    wait_until_it_serves(client)
    restarted = client.get(f"/orders/{order['id']}").json()
    stack.compose("down")
    stack.compose("up", "--detach", "--wait", "--wait-timeout=180")
    recreated = client.get(f"/orders/{order['id']}").json()

    assert restarted == recreated == order


def test_new_version_replaces_the_services_and_restarts_no_database(stack, client):
    def ids(*services):
        return {service: [one["Id"] for one in stack.containers(service)] for service in services}

    databases, services = ids("user-db", "order-db"), ids("user")
    stack.compose("build", VERSION="changed")
    stack.compose("up", "--detach", "--wait", "--wait-timeout=180", VERSION="changed")
    later_databases, later_services = ids("user-db", "order-db"), ids("user")
    stack.compose("up", "--detach", "--wait", "--wait-timeout=180")
    wait_until_it_serves(client)

    assert all(databases.values())
    assert later_databases == databases
    assert later_services != services


def test_stopping_one_replica_of_each_service_fails_no_request(stack, client):
    stack.compose("up", "--detach", "--wait", "--no-recreate", "--scale=user=3", "--scale=order=2")
    user = make_user(client)

    scaled = {service: len(stack.containers(service)) for service in SERVICES}
    for service in ("user", "order"):
        stack.stop_one(service)
    statuses = [client.get(f"/users/{user['id']}").status_code for _ in range(20)]
    orders = [make_order(client, user_id=user["id"]) for _ in range(10)]

    assert scaled == {**dict.fromkeys(SERVICES, 1), "user": 3, "order": 2}
    assert statuses == [200] * 20
    assert all(client.get(f"/orders/{order['id']}").json() == order for order in orders)


def test_secrets_are_files_and_not_visible_in_docker_inspect(stack, client):
    described = stack.describe_all()

    for service in SERVICES:
        for name in SECRETS:
            if name == "db_password" and not PROJECTS[service].database:
                continue
            secret = stack.compose("exec", "-T", service, "cat", f"/run/secrets/{name}")
            assert len(secret) >= 64
            assert secret not in described


def test_database_can_read_only_its_password(stack, client):
    for database in DATABASES:
        output = stack.compose("exec", "-T", database, "sh", "-c", "cat /run/secrets/secret_key 2>&1 || true")

        assert output.endswith("Permission denied")


@pytest.mark.parametrize("service", MOST_CONTAINERS)
def test_connection_limit_of_a_role_suffices_for_its_service(stack, client, service):
    (threads,) = re.findall(r"(?m)^threads = (\d+)$", (PROJECTS[service].folder / "gunicorn.conf.py").read_text())
    processes = stack.compose("exec", "-T", service, "printenv", "WEB_CONCURRENCY")
    containers = 2 * MOST_CONTAINERS[service]  # during a rollout
    workers = 2 if PROJECTS[service].worker else 0

    set_anew = limit_after_setting_it(stack, service, "--env=CONNECTION_LIMIT=17")
    default = limit_after_setting_it(stack, service)
    most = stack.compose("exec", "-T", f"{service}-db", *PSQL, "SHOW max_connections")

    assert set_anew == 17
    assert int(processes) * int(threads) * containers + workers + COMMANDS <= default < int(most) - 10


def limit_after_setting_it(stack, service, *options):
    database = f"{service}-db"
    stack.compose("exec", "-T", *options, database, "/docker-entrypoint-initdb.d/service-role.sh")
    query = f"SELECT rolconnlimit FROM pg_roles WHERE rolname = '{service}_service'"
    return int(stack.compose("exec", "-T", database, *PSQL, query))


def test_containers_run_without_privileges(stack, client):
    for container in running(stack, *SERVICES, *WORKERS, *DATABASES):
        host = container["HostConfig"]

        assert host["ReadonlyRootfs"], container["Name"]
        assert host["CapDrop"] == ["ALL"], container["Name"]
        assert not host["CapAdd"], container["Name"]
        assert "no-new-privileges:true" in host["SecurityOpt"], container["Name"]
        assert host["Memory"] > 0, container["Name"]
        assert host["LogConfig"]["Config"]["max-size"], container["Name"]
        assert container["Config"]["User"] in ("10001:10001", "postgres"), container["Name"]
        assert container["State"]["Health"]["Status"] == "healthy", container["Name"]


def test_only_the_gateway_is_published_on_loopback(stack, client):
    published = {
        container["Config"]["Labels"]["com.docker.compose.service"]: bindings
        for container in running(stack, *SERVICES, *WORKERS, *DATABASES)
        for bindings in container["HostConfig"]["PortBindings"].values()
    }

    assert list(published) == ["gateway"]
    assert [binding["HostIp"] for binding in published["gateway"]] == ["127.0.0.1"]


@pytest.mark.parametrize(("service", "project"), [*PROJECTS.items(), *WORKERS.items()], ids=[*PROJECTS, *WORKERS])
def test_each_service_reaches_only_its_dependencies(stack, client, service, project):
    reached = {*project.calls, f"{project.name}-db"} & {*project.calls, *DATABASES}
    for name in reached | {*DATABASES}:
        lookup = f"import socket\ntry: print(bool(socket.gethostbyname('{name}')))\nexcept OSError: print(False)"
        output = stack.compose("exec", "-T", service, "python", "-c", lookup)

        assert output == str(name in reached), name


def test_a_deleted_user_reaches_the_orders(stack, client):
    order = make_order(client)

    client.delete(f"/users/{order['user_id']}")

    assert wait_for(lambda: client.get(f"/orders/{order['id']}").json()["user_deleted_at"], seconds=RECOVERY_SECONDS)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_stopped_worker_exits_with_status_0(stack, client, worker):
    (number,) = [container["Id"] for container in running(stack, worker)]

    stack.compose("stop", worker)
    ended = json.loads(stack.compose("ps", "--all", "--format=json", worker))
    stack.compose("start", worker)

    assert number.startswith(ended["ID"])
    assert ended["ExitCode"] == 0


@pytest.mark.parametrize(("service", "port"), [(name, each.metrics_port) for name, each in PROJECTS.items()])
def test_metrics_of_each_container_can_be_scraped(stack, client, service, port):
    scrape = (
        "import socket, urllib.request;"
        f"url = f'http://{{socket.gethostbyname(\"{service}\")}}:{port}/metrics';"
        "print(urllib.request.urlopen(url).status)"
    )

    assert stack.compose("exec", "-T", "gateway", "python", "-c", scrape) == "200"


def test_production_requires_host_names_and_secrets(clone):
    files = ["-f", "docker-compose.yml", "-f", "docker-compose.production.yml"]

    with pytest.raises(AssertionError, match="is missing a value"):
        clone.compose(*files, "config", "--quiet")
    described = json.loads(
        clone.compose(*files, "config", "--format=json", ALLOWED_HOSTS="shop.example.com", SECRETS_DIR="/etc/shop")
    )

    assert [name for name, service in described["services"].items() if service.get("ports")] == ["tls"]
