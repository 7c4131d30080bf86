"""Renderers, parsers, pages and negotiation as in REST framework's guides."""

import json

from rest_framework import negotiation, pagination, parsers, renderers
from rest_framework.decorators import action
from rest_framework.response import Response

from users.views import UserViewSet


class PlainTextRenderer(renderers.BaseRenderer):
    media_type = "text/plain"
    format = "txt"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        status = renderer_context["response"].status_code
        return f"{status} {json.dumps(data, default=str)}".encode(self.charset)


class TextViewSet(UserViewSet):
    renderer_classes = [renderers.JSONRenderer, PlainTextRenderer]


class ImageRenderer(renderers.BaseRenderer):
    media_type = "image/x-own"
    format = "img"
    charset = None
    render_style = "binary"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return data


class ImageViewSet(UserViewSet):
    renderer_classes = [ImageRenderer]

    def retrieve(self, request, *args, **kwargs):
        return Response(b"\x00\xff" + self.get_object().name.encode())


class TemplateViewSet(UserViewSet):
    renderer_classes = [renderers.TemplateHTMLRenderer]

    def retrieve(self, request, *args, **kwargs):
        return Response({"user": self.get_object()}, template_name="user.html")


class IgnoreClientContentNegotiation(negotiation.BaseContentNegotiation):
    def select_parser(self, request, parsers):
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class IgnorantViewSet(UserViewSet):
    content_negotiation_class = IgnoreClientContentNegotiation


class PlainTextParser(parsers.BaseParser):
    media_type = "text/plain"

    def parse(self, stream, media_type=None, parser_context=None):
        return stream.read().decode()


class UploadViewSet(UserViewSet):
    """One action for each kind of body."""

    @action(detail=False, methods=["post"], parser_classes=[PlainTextParser])
    def text(self, request):
        return Response({"text": request.data})

    @action(
        detail=False,
        methods=["put"],
        parser_classes=[parsers.FileUploadParser],
        url_path="file/(?P<filename>[^/]+)",
    )
    def file(self, request, filename):
        upload = request.data["file"]
        return Response({"name": upload.name, "content": upload.read().decode()})

    @action(detail=False, methods=["post"], parser_classes=[parsers.MultiPartParser])
    def parts(self, request):
        upload = request.data["upload"]
        return Response({"title": request.data["title"], "content": upload.read().decode()})


class CountedPagination(pagination.PageNumberPagination):
    """The guide's CustomPagination, with a page size chosen by the client."""

    page_size = 1
    page_size_query_param = "size"
    max_page_size = 2

    def get_paginated_response(self, data):
        return Response({"pages": self.page.paginator.num_pages, "results": data})


class CountedViewSet(UserViewSet):
    pagination_class = CountedPagination


class LinkHeaderPagination(pagination.PageNumberPagination):
    page_size = 1

    def get_paginated_response(self, data):
        return Response(
            data,
            headers={
                "Link": f'<{self.get_next_link()}>; rel="next"',
                "X-Count": str(self.page.paginator.count),
            },
        )


class LinkHeaderViewSet(UserViewSet):
    pagination_class = LinkHeaderPagination


class StockCursorPagination(pagination.CursorPagination):
    page_size = 1
    ordering = "-id"


class StockCursorViewSet(UserViewSet):
    pagination_class = StockCursorPagination
    filter_backends = []


class UnpagedViewSet(UserViewSet):
    pagination_class = None
