from django.test import Client


def test_list_shows_and_finds_widgets(admin_client: Client, make_widget):
    make_widget(name="First")
    make_widget(name="Second")

    page = admin_client.get("/admin/example/widgets/widget/?q=second").text

    assert "Second" in page
    assert "First" not in page
