"""Fuzzing of HTTP/1.1: a grammar of random messages, reference parsers, and exchanges with running servers."""
