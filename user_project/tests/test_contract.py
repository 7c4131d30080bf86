from pathlib import Path

import pytest

from conformance.contracts import interactions_with, verify

INTERACTIONS = [*interactions_with("user", Path(__file__).parents[2])]


@pytest.mark.parametrize("interaction", INTERACTIONS, ids=lambda interaction: interaction["description"])
def test_response_follows_the_contract_of_a_caller(api, make_user, interaction):
    verify(api, interaction, make_user().id)
