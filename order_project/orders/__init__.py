"""Orders: what a user ordered."""
