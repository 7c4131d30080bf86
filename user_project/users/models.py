"""The user model. Its constraints also hold for writes that bypass the API."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower

from lists.text_search import search_vector

EMAIL_CONSTRAINT = "user_email_unique"


class User(models.Model):
    """A person, who can place orders unless deactivated."""

    name = models.CharField(max_length=200)
    email = models.EmailField(help_text="Unique without regard to case.")
    is_active = models.BooleanField(default=True, db_default=True, help_text="Whether the user can order.")
    version = models.BigIntegerField(
        default=1, db_default=1, editable=False, help_text="Raised by a trigger at each change."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name=EMAIL_CONSTRAINT,
                violation_error_message="Another user has this e-mail address.",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="user_name_not_empty"),
            models.CheckConstraint(condition=models.Q(email__contains="@"), name="user_email_has_at_sign"),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="user_created_at"),
            models.Index(fields=["name", "id"], name="user_name"),
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="user_inactive"),
            GinIndex(search_vector("name", "email"), name="user_search", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"
