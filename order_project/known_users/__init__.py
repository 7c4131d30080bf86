"""A replica of the users, built from their events: orders can go on while the user service is unavailable."""
