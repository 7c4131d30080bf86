"""Serializers as REST framework's documentation has them."""

from rest_framework import serializers

from chassis.rest.serializers import StrictModelSerializer
from users.models import User
from users.serializers import UserSerializer


class ProfileSerializer(UserSerializer):
    """Another name for a column, a computed value, a link, and an argument for a field."""

    url = serializers.HyperlinkedIdentityField(view_name="profile-detail")
    full_name = serializers.CharField(source="name", max_length=30)
    initials = serializers.SerializerMethodField()

    class Meta(UserSerializer.Meta):
        fields = ["url", "full_name", "initials", "email"]
        extra_kwargs = {"email": {"write_only": True}}

    def get_initials(self, user):
        return "".join(word[0] for word in user.name.split())


class DynamicFieldsSerializer(UserSerializer):
    """The recipe "Dynamically modifying fields"."""

    def __init__(self, *args, **kwargs):
        fields = kwargs.pop("fields", None)
        super().__init__(*args, **kwargs)
        if fields is not None:
            for field_name in set(self.fields) - set(fields):
                self.fields.pop(field_name)


class ContextSerializer(UserSerializer):
    """Fields, their arguments and values that depend on the request."""

    team = serializers.SerializerMethodField()

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "team"]

    def get_fields(self):
        fields = super().get_fields()
        if "X-Staff" not in self.context["request"].headers:
            fields.pop("email")
        return fields

    def get_extra_kwargs(self):
        return {"name": {"max_length": int(self.context["request"].headers.get("X-Longest", 200))}}

    def get_team(self, user):
        return self.context["request"].team


class SignalsSerializer(UserSerializer):
    """What receivers of signals have noted."""

    loaded_name = serializers.CharField(read_only=True)
    was_created = serializers.BooleanField(read_only=True, default=None)

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "loaded_name", "was_created"]


class LengthSerializer(StrictModelSerializer):
    """A value that the view's queryset annotates."""

    length = serializers.IntegerField(read_only=True)

    class Meta:
        model = User
        fields = ["id", "name", "length"]
