"""Content negotiation returns the same result as REST framework's own."""

import pytest
from django.http import Http404
from rest_framework.exceptions import APIException, NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from chassis.rest.negotiation import ContentNegotiation

ACCEPT = [
    None,
    "",
    "*/*",
    "application/json",
    "application/json; indent=4",
    "application/*",
    "text/html",
    "text/html,*/*;q=0.8",
    "image/png",
]


class IndentedRenderer(JSONRenderer):
    media_type = "application/json; indent=4"


RENDERERS = [[JSONRenderer, BrowsableAPIRenderer], [TemplateHTMLRenderer, JSONRenderer], [IndentedRenderer], []]


def result(negotiation, accept, query, suffix, classes):
    headers = {} if accept is None else {"Accept": accept}
    request = Request(APIRequestFactory().get(f"/{query}", headers=headers))
    try:
        renderer, media_type = negotiation().select_renderer(request, [one() for one in classes], suffix)
    except (APIException, Http404) as error:
        return type(error)
    return type(renderer), media_type


@pytest.mark.parametrize("accept", ACCEPT)
@pytest.mark.parametrize("query", ["", "?format=api", "?format=xml", "?format="])
@pytest.mark.parametrize("suffix", [None, "json", "api"])
@pytest.mark.parametrize("classes", RENDERERS)
def test_result_equals_that_of_rest_framework(accept, query, suffix, classes):
    expected = result(DefaultContentNegotiation, accept, query, suffix, classes)

    assert result(ContentNegotiation, accept, query, suffix, classes) == expected


def test_media_type_without_a_renderer_is_refused():
    assert result(ContentNegotiation, "image/png", "", None, RENDERERS[0]) is NotAcceptable
