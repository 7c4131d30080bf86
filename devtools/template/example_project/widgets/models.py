"""The model of widgets. Every rule is also a constraint of the database."""

from django.db import models


class Widget(models.Model):
    """A widget, which has a name."""

    name = models.CharField(max_length=200)
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
