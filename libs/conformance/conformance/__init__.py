"""Conformance suites: test cases that run under the test client and gunicorn, with and without speedups."""
