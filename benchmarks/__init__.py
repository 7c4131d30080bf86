"""Load and comparison: run by hand, never by the test suites."""
