"""Authentication, permissions, throttles and versions as in REST framework's guides."""

from django.contrib.auth import get_user_model
from rest_framework import authentication, exceptions, permissions, throttling, versioning
from rest_framework.response import Response

from tests.textbook import serializers
from users.serializers import UserSerializer
from users.views import UserViewSet


class UsernameAuthentication(authentication.BaseAuthentication):
    """The guide's ExampleAuthentication: a header names the user."""

    def authenticate(self, request):
        username = request.headers.get("X-Username")
        if not username:
            return None
        try:
            return get_user_model().objects.get(username=username), None
        except get_user_model().DoesNotExist as error:
            raise exceptions.AuthenticationFailed("No such user") from error

    def authenticate_header(self, request):
        return "Username"


class BasicViewSet(UserViewSet):
    authentication_classes = [authentication.BasicAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    def list(self, request, *args, **kwargs):
        return Response({"username": request.user.username, "auth": request.auth})


class ReadOnly(permissions.BasePermission):
    def has_permission(self, request, view):
        return request.method in permissions.SAFE_METHODS


class IsOwnerOrReadOnly(permissions.BasePermission):
    """Object-level permission to only allow owners of an object to edit it."""

    message = "Only its owner may change it."
    code = "not_owner"

    def has_object_permission(self, request, view, obj):
        return request.method in permissions.SAFE_METHODS or obj.name == request.user.username


class OwnerWritesViewSet(UserViewSet):
    authentication_classes = [UsernameAuthentication]
    permission_classes = [permissions.IsAuthenticatedOrReadOnly, IsOwnerOrReadOnly]


class ComposedViewSet(UserViewSet):
    authentication_classes = [UsernameAuthentication]
    permission_classes = [permissions.IsAdminUser | ReadOnly]


class ModelPermissionsViewSet(UserViewSet):
    authentication_classes = [UsernameAuthentication]
    permission_classes = [permissions.DjangoModelPermissions]


class PerActionPermissionsViewSet(UserViewSet):
    authentication_classes = [UsernameAuthentication]

    def get_permissions(self):
        return [permissions.AllowAny()] if self.action == "list" else [permissions.IsAdminUser()]


class ScopedThrottleViewSet(UserViewSet):
    throttle_classes = [throttling.ScopedRateThrottle]
    throttle_scope = "reports"


class UserThrottleViewSet(UserViewSet):
    authentication_classes = [UsernameAuthentication]
    throttle_classes = [throttling.UserRateThrottle]


class VersionedViewSet(UserViewSet):
    """Another serializer for the second version."""

    def get_serializer_class(self):
        return serializers.NameSerializer if self.request.version == "v2" else UserSerializer


class PathVersioning(versioning.URLPathVersioning):
    allowed_versions = ("v1", "v2")


class PathVersionedViewSet(VersionedViewSet):
    versioning_class = PathVersioning


class QueryVersioning(versioning.QueryParameterVersioning):
    allowed_versions = ("v1", "v2")
    default_version = "v1"


class QueryVersionedViewSet(VersionedViewSet):
    versioning_class = QueryVersioning


class AcceptVersioning(versioning.AcceptHeaderVersioning):
    allowed_versions = ("v1", "v2")
    default_version = "v1"


class AcceptVersionedViewSet(VersionedViewSet):
    versioning_class = AcceptVersioning
