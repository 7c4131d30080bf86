"""This service keeps what its readers rely on. The contract is data; changing an answer here turns this red."""

import json
from pathlib import Path

import pytest

CONTRACT = json.loads(Path(__file__).parents[2].joinpath("contracts/user_service.json").read_text())


def holds(promised, actual):
    """Whether ``actual`` has everything that is promised; it may have more."""
    if isinstance(promised, dict):
        return isinstance(actual, dict) and all(
            name in actual and holds(value, actual[name]) for name, value in promised.items()
        )
    if isinstance(promised, list):
        return isinstance(actual, list) and all(map(holds, promised, actual)) and len(actual) >= len(promised)
    return type(promised) is type(actual) and promised == actual


@pytest.mark.django_db
@pytest.mark.parametrize("interaction", CONTRACT["interactions"], ids=lambda interaction: interaction["description"])
def test_interaction_is_answered_as_promised(api, make_user, interaction):
    user_id = make_user().id if interaction["given"] == "the user exists" else 7_000_000
    request, promised = interaction["request"], interaction["response"]
    body = json.loads(json.dumps(promised["body"]).replace('"{id}"', str(user_id)))

    answer = api.generic(request["method"], request["path"].replace("{id}", str(user_id)))

    assert (answer.status_code, answer["Content-Type"]) == (promised["status"], promised["content_type"])
    assert holds(body, answer.json())
