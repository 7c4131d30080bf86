"""A Django project with one textbook application, for the tests of chassis."""
