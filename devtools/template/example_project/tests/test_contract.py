from pathlib import Path

from conformance.contracts import interactions_with, verify


def test_responses_follow_the_contracts_of_callers(api, make_widget):
    widget = make_widget()

    for interaction in interactions_with("example", Path(__file__).parents[2]):
        verify(api, interaction, widget.id)
