"""A replica of the users, built from their events. It verifies users while the user service is unavailable."""
