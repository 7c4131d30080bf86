"""A copy of the service with extensions: idioms of the documentation of Django and its packages."""
