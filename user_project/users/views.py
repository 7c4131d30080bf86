"""The user API."""

from chassis.rest.viewsets import ResourceViewSet
from users.filters import UserFilter
from users.models import User
from users.serializers import UserSerializer


class UserViewSet(ResourceViewSet[User]):
    """Create, read, change and delete users."""

    scope_resource = "users"
    queryset = User.objects.all()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    lookup_value_regex = "[0-9]+"  # Python also reads 1_0 and other digits as numbers
    search_fields = ["@name", "@email"]
    range_fields = ["created_at"]
    search_ordering_fields = ["id", "created_at"]
    ordering = "id"
    ordering_fields = ["id", "created_at", "name"]
