"""The base class of viewsets."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from django.core.exceptions import ObjectDoesNotExist
from django.db import router, transaction
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.urls import NoReverseMatch
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request, override_method
from rest_framework.response import Response

from chassis.rest.conditional import PreconditionFailed, conditional, entity_tag
from lists.limits import ListTooExpensive, QueryTooLong, SearchesBusy
from lists.views import StrictListMixin
from openapi.components import Problem
from openapi.headers import ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION

ModelT = TypeVar("ModelT", bound=Model)


@extend_schema_view(
    create=extend_schema(parameters=[LOCATION]),
    retrieve=extend_schema(parameters=[IF_NONE_MATCH, ETAG]),
    update=extend_schema(parameters=[IF_MATCH]),
    partial_update=extend_schema(parameters=[IF_MATCH]),
    destroy=extend_schema(parameters=[IF_MATCH]),
)
class ResourceViewSet(StrictListMixin, viewsets.ModelViewSet[ModelT]):
    """REST framework's ModelViewSet with conditional requests, and a ``Location`` header for created objects.

    ``perform_create``, ``perform_update`` and ``perform_destroy`` are hooks as usual. The last two run in a transaction
    in which the object's row is locked and the request's preconditions hold. ``problems`` maps the name of an action to
    the problem types that are specific to this view, for its OpenAPI document.
    """

    problems: ClassVar[Mapping[str, Sequence[Problem]]] = {"list": [QueryTooLong, ListTooExpensive, SearchesBusy]}
    locked_in: str | None = None  # the database in which an object is locked

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Create an object."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.create_response(serializer)

    def create_response(self, serializer: Any) -> HttpResponse:
        """Save the new object and return the response: a hook for work in the same transaction."""
        self.perform_create(serializer)
        headers = self.get_success_headers(serializer.data)
        return Response(serializer.data, status=HTTPStatus.CREATED, headers=headers)

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Return the ``Location`` of the new object: its URL field, or the request's path with the object's key.

        There is none for several objects, for data without a serializer, in actions other than ``create``, and if
        ``lookup_field`` has a lookup such as ``iexact``, or the object has no single value for it.
        """
        instance = getattr(getattr(data, "serializer", None), "instance", None)
        headers = super().get_success_headers(data)
        if headers or not isinstance(instance, Model) or self.action != "create":
            return headers
        key: Any = instance
        for name in self.lookup_field.split("__"):
            key = getattr(key, name, None)
        if key is None or callable(key) or isinstance(key, tuple):  # a composite key
            return headers
        path = self.request.path.removesuffix(f".{self.format_kwarg}")
        if path.endswith("/") or self.format_kwarg:  # the router may require a slash
            with suppress(NoReverseMatch):
                kwargs = {**self.kwargs, self.lookup_url_kwarg or self.lookup_field: key}
                kwargs.pop(self.settings.FORMAT_SUFFIX_KWARG, None)
                return {"Location": self.reverse_action("detail", kwargs=kwargs)}
        return {"Location": self.request.build_absolute_uri(f"{path.rstrip('/')}/{quote(str(key), safe='')}")}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response. It is tagged after its rendering, as iterators in the data can be read only once."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.action == "retrieve" and response.status_code == HTTPStatus.OK:
            if not getattr(response, "is_rendered", True):
                response.add_post_render_callback(self.add_entity_tag)
                return response
            return self.add_entity_tag(response)  # not a Response, or from a cache
        return response

    def add_entity_tag(self, response: Any) -> Any:
        """Return the rendered response with its entity tag, or a 304 or 412 response if a precondition does not hold.

        JSON has a tag unless it is indented or compressed; other responses have only one that the view sets.
        """
        is_json = isinstance(getattr(response, "accepted_renderer", None), JSONRenderer)
        is_plain = is_json and "indent=" not in response.accepted_media_type
        if "ETag" not in response.headers and (not is_plain or "Content-Encoding" in response.headers):
            return response
        try:
            result = conditional(self.request, response.headers.get("ETag") or entity_tag(response.content), response)
        except PreconditionFailed as error:
            result = self.handle_exception(error)
        if result is response:
            return response
        self.headers = self.default_response_headers  # of which the first response took some
        result = self.finalize_response(self.request, result, *self.args, **self.kwargs)
        return result.render() if isinstance(result, Response) else result

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update an object."""
        instance = self.get_object()
        serializer = self.get_serializer(instance, data=request.data, partial=kwargs.get("partial", False))
        serializer.is_valid(raise_exception=True)
        with self.locked(instance):
            self.perform_update(serializer)
        return Response(serializer.data)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete an object."""
        with self.locked(self.get_object()) as instance:
            self.perform_destroy(instance)
        return Response(status=HTTPStatus.NO_CONTENT)

    @contextmanager
    def locked(self, instance: ModelT) -> Iterator[ModelT]:
        """Lock the row of a model's ``instance`` in a transaction, and refresh the instance from it.

        Raises:
            NotFound: the row was deleted since it was read.
            PreconditionFailed: the request's ``If-Match`` or ``If-None-Match`` does not hold.
        """
        with _locked_row(instance) if isinstance(instance, Model) else nullcontext() as self.locked_in:
            if {"If-Match", "If-None-Match"} & self.request.headers.keys():
                conditional(self.request, self.current_tag(), HttpResponse())
            yield instance

    def filter_queryset(self, queryset: Any) -> Any:
        """Filter the rows, and read them from the database in which an object is locked."""
        rows = super().filter_queryset(queryset)
        return rows.using(self.locked_in) if self.locked_in else rows

    def current_tag(self) -> str:
        """Return the entity tag of ``retrieve``, on which the request's preconditions are evaluated.

        If its responses have no tag, return one that no client has.
        """
        request = self.request
        with override_method(self, request, "GET"):
            self.action = "retrieve"
            # Not with the GET: a cache in front of ``retrieve`` would return an older representation.
            response = self.retrieve(request, *self.args, **self.kwargs)
            has_json = any(isinstance(one, JSONRenderer) for one in self.get_renderers())
            if "ETag" in response.headers or not (has_json and isinstance(response, Response)):
                return response.headers.get("ETag", entity_tag(b""))
            return entity_tag(self.render_json(response))

    def render_json(self, response: Response) -> bytes:
        """Return the data of ``response`` as JSON, by the view's renderer and without indentation."""
        renderers = [self.request.accepted_renderer, *self.get_renderers(), JSONRenderer()]
        renderer = next(one for one in renderers if isinstance(one, JSONRenderer))
        context = self.get_renderer_context() | {"response": response}
        return bytes(renderer.render(response.data, renderer.media_type, context))


@contextmanager
def _locked_row(instance: Model) -> Iterator[str]:
    """Lock the row of ``instance`` and refresh it; yield the name of the database."""
    database = router.db_for_write(type(instance), instance=instance)
    with transaction.atomic(using=database):
        try:
            rows: QuerySet[Model] = QuerySet(type(instance)).select_for_update()
            instance.refresh_from_db(using=database, from_queryset=rows)
        except ObjectDoesNotExist as error:
            raise NotFound from error
        yield database
