"""A Django project with one textbook application, for the tests of chassis and of the libraries that it combines."""
