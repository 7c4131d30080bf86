import pytest

FORM = {"username": "root", "password": "guess"}
PAGE = "/admin/login/"


@pytest.mark.django_db
def test_sign_in_after_too_many_failures_is_a_problem_that_says_when_to_try_again(client, django_user_model):
    django_user_model.objects.create_superuser("root", password="secret")
    attacker = {"REMOTE_ADDR": "203.0.113.7"}
    for _ in range(2):
        client.post(PAGE, FORM, **attacker)

    locked = client.post(PAGE, FORM | {"password": "secret"}, **attacker)
    other = client.post(PAGE, FORM | {"password": "secret"}, REMOTE_ADDR="203.0.113.8")

    assert (locked.status_code, locked["Retry-After"]) == (429, "900")
    assert locked.json()["type"] == "urn:problem:locked_out"
    assert other.status_code == 302
