"""The serializer of users."""

from contextlib import nullcontext
from typing import Any

from django.db import IntegrityError, connection, transaction
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework.exceptions import ErrorDetail, ValidationError

from chassis.rest.serializers import StrictModelSerializer
from users.models import EMAIL_CONSTRAINT, User


@extend_schema_serializer(
    description="A person, who can place orders unless `is_active` is false. A new user is active by default.",
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
    """Serializes users.

    Only the unique constraint of the database checks that an e-mail address is unique, when the row is written.
    """

    email_errors: dict[str, Any] = {}

    class Meta:
        model = User
        fields = ["id", "name", "email", "is_active", "created_at", "updated_at"]

    @property
    def errors(self) -> Any:
        """The validation errors, and the error of the unique constraint."""
        return super().errors | self.email_errors

    def save(self, **kwargs: Any) -> User:
        """Save the user.

        Raises:
            ValidationError: another user has this e-mail address. There is no query before the write, so that a
                request that loses a race gets the same response as any other.
        """
        try:
            # A savepoint lets the transaction of a caller continue. Outside of one, BEGIN and COMMIT would cost 15 %.
            with transaction.atomic() if connection.in_atomic_block else nullcontext():
                return super().save(**kwargs)
        except IntegrityError as error:
            if EMAIL_CONSTRAINT not in str(error):
                raise
            self.email_errors = {"email": [ErrorDetail("Another user has this e-mail address.", "unique")]}
            raise ValidationError(self.errors) from error
