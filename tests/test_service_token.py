"""With a service token, the services accept requests only from the gateway and each other."""

import pytest

from devtools.projects import with_database
from tests.api import make_order, make_user


@pytest.fixture
def system(run_system):
    with run_system(SERVICE_TOKEN="new-token,old-token", WEB_CONCURRENCY="1") as system:
        yield system


def test_requests_succeed_through_the_gateway_and_are_rejected_directly(system):
    with system.gateway.client() as client:
        user = make_user(client)
        order = make_order(client, user_id=user["id"])
        forged = client.get(f"/users/{user['id']}", headers={"X-Service-Token": "forged"})
        admins = [
            client.get(f"/admin/{name}/login/").status_code for name in (project.name for project in with_database())
        ]
    with system.direct_client() as client:
        refused = [client.get(path) for path in ("/users", f"/orders/{order['id']}")]
        rotated = client.get(f"/users/{user['id']}", headers={"X-Service-Token": "old-token"})

    assert (order["user_id"], forged.status_code, admins) == (user["id"], 200, [200] * len(with_database()))
    assert [response.status_code for response in refused] == [401, 401]
    assert refused[0].json()["type"] == "urn:problem:service_token_required"
    assert rotated.status_code == 200
