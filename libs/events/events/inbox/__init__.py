"""The consumer's side: reads feeds, applies each event once, and keeps what it could not apply."""
