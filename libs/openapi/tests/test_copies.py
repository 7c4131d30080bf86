"""Features of drf-spectacular's documentation also work in subclassed viewsets."""

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from chassis.rest.parsers import JSONParser
from chassis.rest.routers import OptionalSlashRouter
from library.books.filters import BookFilter
from library.books.models import Book
from library.books.serializers import BookSerializer
from library.books.views import BookViewSet


class FriendRequestSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["id", "pages"]


class RefusalSerializer(serializers.Serializer):
    reason = serializers.CharField()


class CopiedFilter(BookFilter):
    class Meta(BookFilter.Meta):
        fields = {"title": ["istartswith"], "created_at": ["gte", "isnull"]}


class CopiedViewSet(BookViewSet):
    serializer_class = FriendRequestSerializer
    filterset_class = CopiedFilter

    @extend_schema(responses={200: FriendRequestSerializer, 404: RefusalSerializer})
    def retrieve(self, request, *args, **kwargs):
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        parameters=[
            OpenApiParameter("If-None-Match", location=OpenApiParameter.HEADER),
            OpenApiParameter("X-Tenant", location=OpenApiParameter.HEADER),
            OpenApiParameter("verbose", bool),
        ],
        responses=RefusalSerializer,
    )
    @action(detail=True)
    def cover(self, request, *args, **kwargs):
        return Response()

    @extend_schema(
        request=PolymorphicProxySerializer(
            "Thing", [BookSerializer, RefusalSerializer], resource_type_field_name=None
        ),
        responses=RefusalSerializer,
    )
    @action(detail=True, methods=["post"])
    def trade(self, request, *args, **kwargs):
        return Response()


class PlainViewSet(ReadOnlyModelViewSet):
    """Books."""

    queryset = Book.objects.all()
    serializer_class = FriendRequestSerializer


class PlainView(APIView):
    @extend_schema(parameters=[OpenApiParameter("currency", str)], responses=RefusalSerializer)
    def get(self, request):
        return Response()


class UploadSerializer(serializers.Serializer):
    picture = serializers.FileField()
    color = serializers.ChoiceField([(None, "unknown"), (1, "red")], allow_null=True)


class UploadView(APIView):
    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(request=UploadSerializer, responses=UploadSerializer)
    def post(self, request):
        return Response()


class OptionalUploadSerializer(serializers.Serializer):
    name = serializers.CharField()
    picture = serializers.FileField(required=False)


class ShownUploadSerializer(serializers.Serializer):
    name = serializers.CharField()
    picture = serializers.FileField(read_only=True)


class OptionalUploadView(UploadView):
    @extend_schema(request=OptionalUploadSerializer, responses=OptionalUploadSerializer)
    def post(self, request):
        return Response()


class ShownUploadView(UploadView):
    @extend_schema(request=ShownUploadSerializer, responses=ShownUploadSerializer)
    def post(self, request):
        return Response()


class FormView(APIView):
    parser_classes = [MultiPartParser]

    @extend_schema(request=RefusalSerializer, responses=RefusalSerializer)
    def post(self, request):
        return Response()


@pytest.fixture(scope="module")
def document():
    routers = OptionalSlashRouter(), DefaultRouter()
    routers[0].register("books", CopiedViewSet, "copied")
    routers[1].register("slashed", CopiedViewSet, "slashed")
    patterns = [*routers[0].urls, *routers[1].urls, path("shelf/", CopiedViewSet.as_view({"get": "list"}))]
    patterns += [path("plain/<int:pk>", PlainViewSet.as_view({"get": "retrieve"})), path("price", PlainView.as_view())]
    patterns += [path("upload", UploadView.as_view()), path("form", FormView.as_view())]
    patterns += [path("optional", OptionalUploadView.as_view()), path("shown", ShownUploadView.as_view())]
    return SchemaGenerator(patterns=patterns).get_schema(public=True)


def test_error_documented_by_the_view_is_kept(document):
    responses = document["paths"]["/books/{id}"]["get"]["responses"]

    assert responses["404"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}
    assert "application/problem+json" in responses["400"]["content"]


def test_action_is_conditional_without_headers_of_its_own(document):
    responses = document["paths"]["/books/{id}/cover"]["get"]["responses"]

    assert responses["304"]["headers"].keys() == {"X-Request-ID"}


def test_only_filters_are_described_as_filters(document):
    parameters = {one["name"]: one for one in document["paths"]["/books/{id}/cover"]["get"]["parameters"]}
    filters = {one["name"]: one for one in document["paths"]["/books"]["get"]["parameters"]}

    assert "description" not in parameters["X-Tenant"]
    assert "description" not in parameters["verbose"]
    texts = [filters[name]["description"] for name in ("title__istartswith", "created_at__gte", "created_at__isnull")]
    assert texts == [
        "Only results whose `title` matches this value by `istartswith`.",
        "Only results whose `created_at` is at least this value.",
        "Only results whose `created_at` is null (`true`) or not null (`false`).",
    ]


@pytest.mark.parametrize(
    ("address", "media_types"),
    [
        ("/upload", {"multipart/form-data"}),
        ("/optional", {"application/json", "multipart/form-data"}),
        ("/shown", {"application/json"}),
        ("/form", {"multipart/form-data"}),
    ],
)
def test_body_that_json_cannot_carry_is_a_form(document, address, media_types):
    body = document["paths"][address]["post"]["requestBody"]

    assert body["content"].keys() == media_types


def test_label_of_no_choice_is_no_choice(document):
    color = document["components"]["schemas"]["Upload"]["properties"]["color"]

    assert color["oneOf"] == [{"$ref": "#/components/schemas/ColorEnum"}, {"$ref": "#/components/schemas/NullEnum"}]
    assert document["components"]["schemas"]["ColorEnum"] == {"enum": [1], "type": "integer"}


def test_parameter_of_a_plain_view_is_no_filter(document):
    assert "description" not in document["paths"]["/price"]["get"]["parameters"][0]


def test_preconditions_are_described_where_they_exist(document):
    assert document["paths"]["/plain/{id}"]["get"]["description"] == "Returns the book."
    assert "to get 412" in document["paths"]["/books/{id}"]["patch"]["description"]
    assert "to get 412" not in document["paths"]["/books/{id}/trade"]["post"].get("description", "")


def test_response_may_have_the_name_of_a_request(document):
    schemas = document["components"]["schemas"]

    assert "additionalProperties" not in schemas["FriendRequest"]
    assert schemas["FriendRequest"]["required"] == ["id", "pages"]
    assert schemas["FriendRequestRequest"]["additionalProperties"] is False


def test_alternatives_of_a_request_have_members(document):
    assert document["components"]["schemas"]["ThingRequest"].keys() == {"oneOf"}


def test_slash_that_is_required_is_documented(document):
    assert {"/books", "/books/{id}", "/slashed/", "/slashed/{id}/", "/shelf/"} <= document["paths"].keys()
