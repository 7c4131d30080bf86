"""Pagination of models with relations, arrays, multi-table inheritance and composite primary keys."""

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.test.utils import isolate_apps
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from chassis.rest.viewsets import ResourceViewSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf_models():
    with isolate_apps("library.books"):

        class Shelf(models.Model):  # noqa: DJ008 - never shown
            name = models.CharField(max_length=20)

            class Meta:
                app_label = "books"
                ordering = ["name"]

        class Locked(Shelf):  # noqa: DJ008 - never shown
            class Meta:
                app_label = "books"

        class Copy(models.Model):  # noqa: DJ008 - never shown
            shelf = models.ForeignKey(Shelf, models.CASCADE)
            words = ArrayField(models.CharField(max_length=20))

            class Meta:
                app_label = "books"

        class Place(models.Model):  # noqa: DJ008 - never shown
            pk = models.CompositePrimaryKey("row", "number")
            row = models.IntegerField()
            number = models.IntegerField()

            class Meta:
                app_label = "books"

        with connection.schema_editor() as editor:
            for model in (Shelf, Locked, Copy, Place):
                editor.create_model(model)
        yield Shelf, Locked, Copy, Place


def pages(model, ordering, shown):
    """Follow the links forwards and back; return the field ``shown`` of the rows of each page of two."""
    meta = type("Meta", (), {"model": model, "fields": [shown]})
    serializer = type("RowSerializer", (serializers.ModelSerializer,), {"Meta": meta})
    members = {"queryset": model.objects.all(), "serializer_class": serializer, "ordering": ordering}
    view = type("RowViewSet", (ResourceViewSet,), members).as_view({"get": "list"})
    found, address, direction = [], "/rows?page_size=2", "next"
    while address:
        data = view(APIRequestFactory().get(address)).data
        found.append([row[shown] for row in data["results"]])
        if not data[direction]:
            direction = "previous"
        address = data[direction]
    return found


@pytest.mark.parametrize("ordering", ["shelf", "shelf_id"])
def test_list_in_the_order_of_a_relation_has_all_rows(shelf_models, ordering):
    shelf_model, _, copy_model, _ = shelf_models
    shelves = [shelf_model.objects.create(name=name) for name in "cab"]
    copies = [copy_model.objects.create(shelf=shelf, words=[]).pk for shelf in shelves for _ in range(2)]

    assert pages(copy_model, ordering, "id") == [copies[:2], copies[2:4], copies[4:], copies[2:4], copies[:2]]


def test_list_of_a_model_whose_parent_has_an_ordering_has_all_rows(shelf_models):
    locked_model = shelf_models[1]
    for name in "cab":
        locked_model.objects.create(name=name)

    assert pages(locked_model, "pk", "name") == [["c", "a"], ["b"], ["c", "a"]]


def test_list_is_ordered_by_an_array(shelf_models):
    shelf_model, _, copy_model, _ = shelf_models
    shelf = shelf_model.objects.create(name="a")
    for word in "cab":
        copy_model.objects.create(shelf=shelf, words=[word])

    assert pages(copy_model, "words", "words") == [[["a"], ["b"]], [["c"]], [["a"], ["b"]]]


def test_list_is_ordered_by_a_composite_key(shelf_models):
    place_model = shelf_models[3]
    for number in range(3):
        place_model.objects.create(row=1, number=number)

    assert pages(place_model, "pk", "number") == [[0, 1], [2], [0, 1]]
    assert pages(place_model, "-pk", "number") == [[2, 1], [0], [2, 1]]
    assert pages(place_model, "row", "number") == [[0, 1], [2], [0, 1]]


def test_new_object_with_a_composite_key_has_no_location(shelf_models):
    meta = type("Meta", (), {"model": shelf_models[3], "fields": ["row", "number"]})
    serializer = type("PlaceSerializer", (serializers.ModelSerializer,), {"Meta": meta})
    members = {"queryset": shelf_models[3].objects.all(), "serializer_class": serializer}
    view = type("PlaceViewSet", (ResourceViewSet,), members).as_view({"post": "create"})

    response = view(APIRequestFactory().post("/places", {"row": 1, "number": 2}, format="json"))

    assert (response.status_code, response.get("Location")) == (201, None)
