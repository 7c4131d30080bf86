"""What every resource of a service does in the same way."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.rest.conditional import check_preconditions, tag
from chassis.rest.locking import lock_row
from chassis.rest.pagination import KeysetPagination
from chassis.rest.renderers import JSONRenderer
from chassis.rest.request import PromptView
from chassis.rest.response import PromptResponse
from chassis.rest.rows import find_row, is_whole_table

ModelT = TypeVar("ModelT", bound=Model)

PAGE_PARAMETERS = {KeysetPagination.cursor_query_param, KeysetPagination.page_size_query_param}

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="Entity tags; 412 if none is current."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="Entity tags; 304 if one is current."
)


@extend_schema_view(
    retrieve=extend_schema(parameters=[IF_NONE_MATCH]),
    update=extend_schema(parameters=[IF_MATCH]),
    partial_update=extend_schema(parameters=[IF_MATCH]),
    destroy=extend_schema(parameters=[IF_MATCH]),
)
class ResourceViewSet(viewsets.ModelViewSet[ModelT], PromptView):
    """List, create, retrieve, update and delete.

    The answer to a creation says where the new object is. A single object has an entity tag, and is changed and
    deleted under its lock, if the request's preconditions hold.
    """

    lookup_value_regex = "[0-9]+"

    def create(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse | Response:  # type: ignore[override] # what one that repeats an answer returns
        """Create the object in the request's body."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        data = serializer.data
        return PromptResponse(data, HTTPStatus.CREATED, headers=self.get_success_headers(data))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the object of the address."""
        return PromptResponse(self.get_serializer(self.get_object()).data)

    def filter_queryset(self, queryset: QuerySet[ModelT]) -> QuerySet[ModelT]:
        """Filter, where the query has more than a place in a list."""
        if self.request.query_params.keys() <= PAGE_PARAMETERS:
            return queryset
        return super().filter_queryset(queryset)

    def get_object(self) -> ModelT:
        """Return the object of the address.

        Raises:
            NotFound: there is none, or it is not among those that the query of the address asks for.
        """
        # Django's method returns a copy, which takes its time.
        is_copy = type(self).get_queryset is GenericAPIView.get_queryset and self.queryset is not None
        queryset = self.queryset if is_copy else self.get_queryset()
        if self.request.META.get("QUERY_STRING") or not is_whole_table(queryset):
            return super().get_object()
        found: ModelT = find_row(queryset.model, self.kwargs["pk"])
        self.check_object_permissions(self.request, found)
        return found

    def get_success_headers(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return the ``Location`` of the object in ``data``: under the address of the list that it was sent to."""
        request = self.request._request  # noqa: SLF001 - REST framework's own looks for each attribute twice
        return {"Location": f"{request.scheme}://{request.get_host()}{request.path.rstrip('/')}/{data['id']}"}

    def perform_destroy(self, instance: ModelT) -> None:
        """Delete the row of ``instance``.

        Raises:
            NotFound: it was deleted since it was read.
            PreconditionFailed: it was changed.
        """
        with transaction.atomic():
            row = lock_row(instance)
            check_preconditions(self.request, self.get_serializer(row).data)
            row.delete()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tag the JSON of a single object; a page for a browser has no tag."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.action != "retrieve" or response.status_code != HTTPStatus.OK:
            return response
        if not isinstance(request.accepted_renderer, JSONRenderer):
            return response
        return tag(request, response)
