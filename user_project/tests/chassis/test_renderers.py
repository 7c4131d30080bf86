"""JSON as REST framework writes it."""

import pytest
from rest_framework import renderers

from chassis.rest.renderers import JSONRenderer

VALUES = [
    None,
    {},
    [],
    {"name": "Zoë 雪 \u2028 \u2029 \\", "at": 1.5, "on": True, "none": None, "list": [1, [2]]},
    "text",
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("media_type", [None, "application/json", "application/json; indent=4"])
@pytest.mark.parametrize("context", [None, {}, {"indent": 2}])
def test_as_rest_framework_writes_it(value, media_type, context):
    expected = renderers.JSONRenderer().render(value, media_type, context)

    assert JSONRenderer().render(value, media_type, context) == expected


def test_what_is_no_json_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        JSONRenderer().render({"number": float("nan")})
