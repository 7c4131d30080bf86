"""Fuzzing: random messages, the readers that judge them, and the exchange of them with a running system."""
