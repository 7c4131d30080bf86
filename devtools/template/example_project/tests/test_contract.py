from pathlib import Path

from conformance.contracts import interactions_with, verify


def test_responses_are_what_callers_rely_on(api, make_widget):
    widget = make_widget()

    for interaction in interactions_with("example", Path(__file__).parents[2]):
        verify(api, interaction, widget.id)
