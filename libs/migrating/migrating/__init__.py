"""A Django app with ``manage.py migrate_once``: migrations under a lock, which concurrent replicas apply once."""
