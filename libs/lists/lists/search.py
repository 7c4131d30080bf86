"""The search filter of lists."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from lists.pagination import KeysetPagination
from lists.text_search import search_condition, search_patterns, split_words

MAX_WORDS = 8  # an e-mail address has several
MAX_LENGTH = 100


class WordSearchFilter(filters.SearchFilter):
    """REST framework's SearchFilter with limits, and with a full-text search that uses an index and finds prefixes.

    The full-text search applies if all ``search_fields`` have the prefix ``@``: each search term must begin a word in
    one of the fields. The model needs ``GinIndex(search_vector(...), fastupdate=False)`` over the same fields in the
    same order. Other fields are searched as REST framework documents it, which reads the whole table.
    """

    search_description = (
        f"Only results that have each of these words, at most {MAX_WORDS}, or words that begin with them; a word of "
        "one or two characters must be the whole word."
    )

    def get_search_terms(self, request: Request) -> list[str]:
        """Return the search terms.

        Raises:
            ValidationError: the text is too long, has too many words or is not valid.
        """
        text = request.query_params.get(self.search_param, "")
        if not text:
            return []
        if len(text) > MAX_LENGTH:
            raise ValidationError(
                {self.search_param: f"Must have at most {MAX_LENGTH} characters."}, code="max_length"
            )
        try:
            terms = list(super().get_search_terms(request))
        except ValidationError as error:
            raise ValidationError({self.search_param: error.detail}) from error
        if len(split_words(" ".join(terms))) > MAX_WORDS:
            raise ValidationError({self.search_param: f"Must have at most {MAX_WORDS} words."}, code="too_many_words")
        return terms

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """Return the rows that match."""
        fields, terms = self.get_search_fields(view, request), self.get_search_terms(request)
        if not (fields and terms):
            return queryset
        if not all(field.startswith("@") for field in fields):
            return super().filter_queryset(request, queryset, view)
        words = split_words(" ".join(terms))
        if not words:
            raise ValidationError(
                {self.search_param: "Must have a word, not only spaces and punctuation."}, code="blank"
            )
        names = [field.removeprefix("@") for field in fields]
        found, patterns = queryset.filter(search_condition(words, *names)), search_patterns(words, *names)
        if not isinstance(paginator := getattr(view, "paginator", None), KeysetPagination):
            return found.filter(*patterns)
        paginator.unsearched, paginator.search_patterns = queryset, patterns
        return found

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameter with its maximum length."""
        (parameter,) = super().get_schema_operation_parameters(view)
        return [parameter | {"schema": {"type": "string", "maxLength": MAX_LENGTH}}]
