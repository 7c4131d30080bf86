"""The API of books."""

from chassis.rest.viewsets import ResourceViewSet
from library.books.filters import BookFilter
from library.books.models import Book
from library.books.serializers import BookSerializer


class BookViewSet(ResourceViewSet[Book]):
    """Create, read, change and delete books."""

    queryset = Book.objects.all()
    serializer_class = BookSerializer
    filterset_class = BookFilter
    lookup_value_regex = "[0-9]+"
    search_fields = ["@title", "@isbn"]
    range_fields = ["created_at"]
    search_ordering_fields = ["id", "created_at"]
    ordering = "id"
    ordering_fields = ["id", "created_at", "title"]
