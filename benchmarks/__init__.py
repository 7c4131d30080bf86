"""Measures the system under load, alone or in alternation with the reference stack: ``manage_all.py bench``."""
