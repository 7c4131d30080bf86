"""What every resource of a service does in the same way."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import viewsets

ModelT = TypeVar("ModelT", bound=Model)


class ResourceViewSet(viewsets.ModelViewSet[ModelT]):
    """List, create, retrieve, update and delete; the answer to a creation says where the new object is."""

    lookup_value_regex = "[0-9]+"

    def get_success_headers(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return the ``Location`` of the object in ``data``."""
        return {"Location": self.reverse_action("detail", args=[data["id"]])}
