"""Users as JSON."""

from typing import Any

from django.db import IntegrityError
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework.exceptions import ErrorDetail, ValidationError

from chassis.rest.serializers import StrictModelSerializer
from users.models import EMAIL_CONSTRAINT, User


@extend_schema_serializer(
    description="A person, who can place orders unless `is_active` is false.",
    examples=[
        OpenApiExample("New user", {"name": "John", "email": "john@example.com"}, request_only=True),
        OpenApiExample(
            "User",
            {
                "id": 1,
                "name": "John",
                "email": "john@example.com",
                "is_active": True,
                "created_at": "2026-11-24T18:00:00.123456Z",
                "updated_at": "2026-11-24T18:00:00.123456Z",
            },
            response_only=True,
        ),
    ],
)
class UserSerializer(StrictModelSerializer[User]):
    """A user, who can order.

    Whether an e-mail address is taken is found out by the database, when the row is written.
    """

    email_errors: dict[str, Any] = {}

    class Meta:
        model = User
        fields = ["id", "name", "email", "is_active", "created_at", "updated_at"]

    @property
    def errors(self) -> Any:
        """The errors of validation, and of the write."""
        return super().errors | self.email_errors

    def save(self, **kwargs: Any) -> User:
        """Write the user.

        Raises:
            ValidationError: another user has this e-mail address. There is no look beforehand, so that a request that
                loses a race and one that comes much later get the same response.
        """
        try:
            return super().save(**kwargs)
        except IntegrityError as error:
            if EMAIL_CONSTRAINT not in str(error):
                raise
            self.email_errors = {"email": [ErrorDetail("Another user has this e-mail address.", "unique")]}
            raise ValidationError(self.errors) from error
