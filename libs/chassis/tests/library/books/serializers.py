"""Books as JSON."""

from chassis.rest.serializers import StrictModelSerializer
from library.books.models import Book


class BookSerializer(StrictModelSerializer[Book]):
    """The representation of a book."""

    class Meta:
        model = Book
        fields = ["id", "title", "isbn", "contact", "pages", "shelf", "created_at", "updated_at"]
