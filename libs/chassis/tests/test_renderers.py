"""JSON as REST framework writes it, and instants."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from rest_framework import renderers

from chassis.rest.renderers import JSONRenderer

VALUES = [
    None,
    {},
    [],
    {"name": 'Zoë 雪 \\ " \x7f', "at": 1.5, "on": True, "none": None, "list": [1, [2]]},
    {"price": Decimal("1.50"), "until": datetime(2026, 7, 1, 12, 0, 0, 5, tzinfo=UTC)},
    "text",
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("media_type", [None, "application/json", "application/json; indent=4"])
@pytest.mark.parametrize("context", [None, {}, {"indent": 2}])
def test_as_rest_framework_writes_it(value, media_type, context):
    expected = renderers.JSONRenderer().render(value, media_type, context)

    assert JSONRenderer().render(value, media_type, context) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01T12:00:00Z"),
        (datetime(2026, 7, 1, 12, microsecond=30, tzinfo=UTC), "2026-07-01T12:00:00.000030Z"),
        (datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-07-01T12:00:00+02:00"),
    ],
)
def test_instants_are_as_rfc_3339_has_them(instant, expected):
    assert json.loads(JSONRenderer().render({"at": instant})) == {"at": expected}


def test_what_no_json_can_hold_is_null():
    assert JSONRenderer().render({"number": float("nan")}) == b'{"number":null}'


def test_what_cannot_be_written_is_an_error():
    with pytest.raises(TypeError, match="not JSON serializable"):
        JSONRenderer().render({"what": object()})
