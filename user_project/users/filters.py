"""Filters of user lists."""

import django_filters
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower

from lists.filters import IdInFilter, StrictFilterSet
from users.models import User


class UserFilter(StrictFilterSet):
    """Filters of ``GET /users``."""

    email = django_filters.CharFilter(method="filter_email", label="E-mail, without regard to case")
    id__in = IdInFilter(field_name="id", lookup_expr="in")

    class Meta:
        model = User
        fields = {"is_active": ["exact"], "created_at": ["gt", "gte", "lt", "lte"]}

    def filter_email(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Compare in lower case, which the index of the unique constraint supports."""
        return queryset.alias(email_lower=Lower("email")).filter(email_lower=Lower(Value(value)))
