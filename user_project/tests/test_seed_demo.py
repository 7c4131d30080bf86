import pytest
from django.core.management import call_command

from users.models import User


@pytest.mark.django_db
def test_demo_users_are_created_once(capsys):
    call_command("seed_demo")
    call_command("seed_demo")

    assert capsys.readouterr().out.splitlines() == [
        "12 demo users created, 0 already existed.",
        "0 demo users created, 12 already existed.",
    ]
    assert User.objects.count() == 12
