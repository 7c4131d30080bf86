from pathlib import Path

from conformance.contracts import interactions_with, verify


def test_responses_follow_the_contracts_of_callers(api, make_order):
    order = make_order()

    for interaction in interactions_with("order", Path(__file__).parents[2]):
        verify(api, interaction, order.id)
