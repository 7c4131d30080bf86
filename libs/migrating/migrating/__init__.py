"""A Django app with ``manage.py migrate_once``: migrations that replicas which start together apply once."""
