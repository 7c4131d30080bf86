"""Equal requests have the same method, path and parsed body; stored fingerprints stay valid."""

import hashlib
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from idempotency.models import IdempotencyKey
from idempotency.views import IdempotentCreateMixin

pytestmark = pytest.mark.django_db(transaction=True)
FORM = "application/x-www-form-urlencoded"


class PostSerializer(serializers.Serializer):
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    text = serializers.FileField(required=False)

    def create(self, validated_data):
        if text := validated_data.pop("text", None):
            validated_data["text"] = text.read().decode()
        return validated_data

    def to_representation(self, instance):
        return instance


class PostViewSet(IdempotentCreateMixin):
    serializer_class = PostSerializer


def post(data, **options):
    request = APIRequestFactory().post("/posts", data, headers={"idempotency-key": "k"}, **options)
    response = PostViewSet.as_view({"post": "create"})(request)
    return response.render() if hasattr(response, "render") else response


def upload(content, name="a.txt"):
    return post({"text": SimpleUploadedFile(name, content)}, format="multipart")


@pytest.mark.parametrize("other", ["tags=b&tags=z", "tags=z", "tags=z&tags=a"])
def test_fingerprint_includes_all_values_of_a_repeated_field(other):
    first = post("tags=a&tags=z", content_type=FORM)

    assert json.loads(first.content) == {"tags": ["a", "z"]}
    assert post(other, content_type=FORM).status_code == 422
    assert post("tags=a&tags=z", content_type=FORM)["Idempotent-Replayed"] == "true"


def test_fingerprint_includes_content_and_name_of_a_file():
    first = upload(b"one")

    assert json.loads(first.content) == {"text": "one"}
    assert upload(b"two").status_code == 422
    assert upload(b"one", "b.txt").status_code == 422
    assert upload(b"one")["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("data", "options", "parsed"),
    [
        ({"tags": ["a", "z"], "n": 1}, {"format": "json"}, {"n": 1, "tags": ["a", "z"]}),
        ("n=1&tags=a", {"content_type": FORM}, {"n": "1", "tags": "a"}),
    ],
)
def test_fingerprint_of_json_and_forms_equals_the_stored_one(data, options, parsed):
    post(data, **options)

    stored = json.dumps(["POST", "/posts", parsed])
    assert IdempotencyKey.objects.get().fingerprint == hashlib.sha256(stored.encode()).hexdigest()
