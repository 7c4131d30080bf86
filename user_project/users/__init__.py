"""Users: people who can order."""
