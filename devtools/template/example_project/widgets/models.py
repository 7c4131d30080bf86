"""The widget model. Its constraints also hold for writes that bypass the API."""

from django.db import models


class Widget(models.Model):
    """A widget."""

    name = models.CharField(max_length=200)
    # begin publishes
    version = models.BigIntegerField(
        default=1, db_default=1, editable=False, help_text="Raised by a trigger at each change."
    )
    # end publishes
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "widgets"
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="widget_name_not_empty")]
        indexes = [
            models.Index(fields=["created_at", "id"], name="widget_created_at"),
            models.Index(fields=["name", "id"], name="widget_name"),
        ]

    def __str__(self) -> str:
        return self.name


# begin consumed
class KnownUser(models.Model):
    """A user of the user service, as of the newest consumed event."""

    user_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField()
    data = models.JSONField(help_text="As of the newest event.")
    is_deleted = models.BooleanField(default=False)
    epoch = models.UUIDField(help_text="Of the log that the version counts in.")
    generation = models.PositiveIntegerField(help_text="The reading of the feed that showed the user last.")

    def __str__(self) -> str:
        return f"User {self.user_id}"


# end consumed
