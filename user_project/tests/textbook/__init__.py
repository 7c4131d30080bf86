"""What a team builds with that copies the service: idioms of the documentation of Django and its packages."""
