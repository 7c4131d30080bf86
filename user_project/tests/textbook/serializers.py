"""Serializers as in REST framework's documentation."""

from django.contrib.auth.models import Group, Permission
from rest_framework import serializers, validators

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
    """Values set by receivers of signals."""

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


class NameSerializer(UserSerializer):
    class Meta(UserSerializer.Meta):
        fields = ["name"]


def is_even(value):
    if len(value) % 2:
        raise serializers.ValidationError("Not even.", "odd")


class ValidatedSerializer(UserSerializer):
    """Validators in every place that the guide shows."""

    email = serializers.EmailField(validators=[validators.UniqueValidator(User.objects.all(), lookup="iexact")])

    class Meta(UserSerializer.Meta):
        extra_kwargs = {"name": {"validators": [is_even]}}

    def validate_name(self, value):
        if "django" not in value.lower():
            raise serializers.ValidationError("Not about Django.", "off_topic")
        return value.title()

    def validate(self, attrs):
        if attrs["name"].lower() in attrs["email"]:
            raise serializers.ValidationError("Too alike.", "alike")
        return attrs


class ContactSerializer(serializers.Serializer):
    email = serializers.EmailField()
    label = serializers.ReadOnlyField(source="name")


class NestedSerializer(UserSerializer):
    """A writable nested representation, with the guide's ``create`` and ``update``."""

    contact = ContactSerializer(source="*")

    class Meta(UserSerializer.Meta):
        fields = ["name", "contact"]

    def create(self, validated_data):
        return User.objects.create(**validated_data)

    def update(self, instance, validated_data):
        instance.email = validated_data.get("email", instance.email)
        instance.save()
        return instance


class RepresentationSerializer(UserSerializer):
    """Overrides of both directions."""

    def to_representation(self, instance):
        return super().to_representation(instance) | {"name": instance.name.lower()}

    def to_internal_value(self, data):
        return super().to_internal_value(data) | {"name": "given"}


class HighScoreSerializer(serializers.BaseSerializer):
    """The guide's read-only BaseSerializer."""

    def to_representation(self, instance):
        return {"score": len(instance.name), "name": instance.name}


class PermissionSerializer(serializers.ModelSerializer):
    content_type = serializers.SlugRelatedField(slug_field="model", read_only=True)

    class Meta:
        model = Permission
        fields = ["codename", "content_type"]


class GroupSerializer(serializers.HyperlinkedModelSerializer):
    """The quickstart's: hyperlinks, a nested list and a writable relation."""

    granted = PermissionSerializer(source="permissions", many=True, read_only=True)
    permissions = serializers.SlugRelatedField(
        slug_field="codename", queryset=Permission.objects.filter(content_type__app_label="users"), many=True
    )

    class Meta:
        model = Group
        fields = ["url", "name", "permissions", "granted"]


class OwnedSerializer(UserSerializer):
    """A hidden field and a default that needs the context."""

    name = serializers.HiddenField(default=serializers.CurrentUserDefault())

    class Meta(UserSerializer.Meta):
        fields = ["name", "email"]

    def validate(self, attrs):
        return attrs | {"name": f"of {attrs['name'].username}"}
