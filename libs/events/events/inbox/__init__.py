"""The consumer side: reads feeds, applies each event once, and stores dead letters."""
