import pytest

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [order["id"] for order in response.json()["results"]]


def test_orders_of_one_user(api, make_order):
    order = make_order(user_id=8)
    make_order()

    assert ids(api.get("/orders?user_id=8")) == [order.id]


def test_orders_in_one_status(api, make_order):
    make_order()
    cancelled = make_order(status="cancelled")

    assert ids(api.get("/orders?status=cancelled")) == [cancelled.id]


def test_orders_by_product_and_by_ids_newest_first(api, make_order):
    first, second, third = make_order(), make_order(product_name="Phone"), make_order()

    assert ids(api.get("/orders?search=LAPT&ordering=-created_at")) == [third.id, first.id]
    assert ids(api.get(f"/orders?id__in={third.id},{second.id}")) == [second.id, third.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("user_id=x", "user_id"),
        ("user_id=0.5", "user_id"),
        ("status=lost", "status"),
        ("user_deleted_at__isnull=maybe", "user_deleted_at__isnull"),
        ("ordering=quantity", "ordering"),
        ("page_size=-1", "page_size"),
    ],
)
def test_invalid_parameter_is_named(api, query, field):
    response = api.get(f"/orders?{query}")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_user_id_beyond_the_range_of_the_column_is_refused(api):
    response = api.get(f"/orders?user_id={2**63}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "max_value"
    assert api.get(f"/orders/{2**63}").status_code == 404
