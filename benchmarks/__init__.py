"""Load benchmarks of the system, alone or in alternation with the reference stack: ``manage_all.py bench``."""
