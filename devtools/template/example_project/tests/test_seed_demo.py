import pytest
from django.core.management import call_command

from widgets.models import Widget


@pytest.mark.django_db
def test_demo_widgets_are_created_once(capsys):
    call_command("seed_demo")
    call_command("seed_demo")

    assert capsys.readouterr().out.splitlines() == [
        "3 demo widgets created, 0 already existed.",
        "0 demo widgets created, 3 already existed.",
    ]
    assert Widget.objects.count() == 3
