import json

import pytest

from conformance.contracts import interactions_with, verify

EXISTS = {
    "given": "the book exists",
    "request": {"method": "GET", "path": "/books/{id}"},
    "response": {"status": 200, "content_type": "application/json", "body": {"id": "{id}"}},
}


def changed(**response):
    return EXISTS | {"response": EXISTS["response"] | response}


def test_kept_contract_passes_and_more_may_be_returned(api, make_book):
    verify(api, EXISTS, make_book().id)


@pytest.mark.parametrize(
    "interaction",
    [
        changed(status=404),
        changed(content_type="text/html"),
        changed(body={"id": "{id}", "author": "Austen"}),
        changed(body={"id": 0}),
        changed(body=[]),
        EXISTS | {"given": "no book exists"},
    ],
)
def test_broken_contract_fails(api, make_book, interaction):
    with pytest.raises(AssertionError):
        verify(api, interaction, make_book().id)


def test_contracts_of_all_callers_are_found(tmp_path):
    for folder in (tmp_path / "contracts", tmp_path / "shop_project" / "contracts"):
        folder.mkdir(parents=True)
        (folder / "library_service.json").write_text(json.dumps({"interactions": [EXISTS]}))
        (folder / "other_service.json").write_text(json.dumps({"interactions": [EXISTS]}))

    assert [*interactions_with("library", tmp_path)] == [EXISTS, EXISTS]
