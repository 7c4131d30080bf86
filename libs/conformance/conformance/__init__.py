"""Conformance suites: cases that run under the test client and gunicorn, speedups on and off."""
