"""Strict query parameters of list views."""

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from lists.limits import MAX_QUERY_LENGTH, QueryTooLong, TrackedQuery


class StrictListMixin(ListModelMixin, GenericViewSet[Any]):
    """Refuses lists with unknown or repeated query parameters."""

    listed_by: Any = None  # the query of a list

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return REST framework's request, with a query that records which parameters are read."""
        if request.GET:  # middleware may have changed it
            query: Any = TrackedQuery(request.GET.urlencode(), encoding=request.GET.encoding)
            request.GET = query
        return super().initialize_request(request, *args, **kwargs)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of the list. A parameter that nothing reads, here or in an override or renderer, is an error.

        Raises:
            QueryTooLong: the query has more than ``MAX_QUERY_LENGTH`` bytes.
        """
        if len(request.META.get("QUERY_STRING", "")) > MAX_QUERY_LENGTH:
            raise QueryTooLong
        response = super().list(request, *args, **kwargs)
        self.listed_by = request.query_params
        if isinstance(response, Response):
            response.add_post_render_callback(self.check_parameters)  # before those that cache the response
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response. Its parameters are checked after its rendering, as renderers may read some."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if not isinstance(self.listed_by, TrackedQuery):
            return response
        if getattr(response, "is_rendered", True):  # not a Response, or from a cache
            return self.check_parameters(response)
        response.add_post_render_callback(self.check_parameters)
        return response

    def check_parameters(self, response: Any) -> Any:
        """Return the rendered response, or an error if the query has an unknown or repeated parameter."""
        if not isinstance(self.listed_by, TrackedQuery) or not (errors := self.listed_by.errors()):
            return response
        self.listed_by = None
        self.headers = self.default_response_headers  # of which the first response took some
        error = self.handle_exception(ValidationError(errors))
        return self.finalize_response(self.request, error, *self.args, **self.kwargs).render()
