"""What ``manage_all.py`` is made of: it starts, tests and administers the projects, and imports none of them."""
