"""What a team builds with that copies the order service: its idempotency keys and its client of the user service."""
