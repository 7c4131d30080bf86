"""Subclasses of the order service's classes, as in REST framework's guides."""

from rest_framework import filters, permissions, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response
from rest_framework.settings import api_settings

from chassis.rest.viewsets import ResourceViewSet
from idempotency.views import IdempotentCreateMixin
from orders.models import Order
from orders.serializers import OrderSerializer
from orders.views import OrderViewSet
from user_client import find_user


class IsOwnerFilterBackend(filters.BaseFilterBackend):
    """The guide's backend, with a header instead of the authenticated user."""

    def filter_queryset(self, request, queryset, view):
        return queryset.filter(user_id=request.headers.get("X-User", 0))


class OwnOrderViewSet(OrderViewSet):
    filter_backends = [IsOwnerFilterBackend, *api_settings.DEFAULT_FILTER_BACKENDS]


class DraftOrderViewSet(OrderViewSet):
    """Fails after a write, in an extra action and in a hook."""

    @action(detail=False, methods=["post"])
    def draft(self, request):
        Order.objects.create(user_id=7, product_name="Draft")
        raise APIException("failed")

    def perform_create(self, serializer):
        super().perform_create(serializer)
        raise APIException("failed")


class NotifyingOrderViewSet(OrderViewSet):
    """Changes the response of its super class, and adds a header."""

    def create(self, request, *args, **kwargs):
        response = super().create(request, *args, **kwargs)
        response.data["note"] = f"Order {response.data['id']}"
        return response

    def get_success_headers(self, data):
        return super().get_success_headers(data) | {"X-Order": str(data["id"])}


class LinkedOrderSerializer(OrderSerializer):
    url = serializers.HyperlinkedIdentityField(view_name="linked-order-detail")
    product = serializers.CharField(source="product_name", max_length=20)
    total = serializers.SerializerMethodField()

    class Meta(OrderSerializer.Meta):
        fields = ["url", "user_id", "product", "quantity", "total"]

    def get_total(self, order):
        return order.quantity * 10


class LinkedOrderViewSet(OrderViewSet):
    serializer_class = LinkedOrderSerializer


class BulkOrderViewSet(OrderViewSet):
    """The guide's recipe for bulk creation: ``many=True`` for a list."""

    def get_serializer(self, *args, **kwargs):
        kwargs.setdefault("many", isinstance(kwargs.get("data"), list))
        return super().get_serializer(*args, **kwargs)


class PlainOrderSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = ["id", "user_id", "product_name"]


class KeyedOrderViewSet(IdempotentCreateMixin, ResourceViewSet):
    """``IdempotentCreateMixin`` in another view; ``perform_create`` sets values that the request does not have."""

    queryset = Order.objects.all()
    serializer_class = PlainOrderSerializer

    def perform_create(self, serializer):
        serializer.save(quantity=3, product_name=f"{serializer.validated_data['product_name']} from the hook")


class IsKnownUser(permissions.BasePermission):
    """Allows only users of the user service."""

    message = "Only known users."

    def has_permission(self, request, view):
        return find_user(int(request.headers.get("X-User", 0))) is not None


class CheckedOrderViewSet(OrderViewSet):
    permission_classes = [IsKnownUser]

    @action(detail=False)
    def whoami(self, request):
        if "X-Hidden" in request.headers:
            raise NotFound("hidden")
        return Response({"user": int(request.headers["X-User"])})
