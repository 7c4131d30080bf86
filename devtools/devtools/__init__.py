"""The commands of ``manage_all.py``, which start, test and administer the projects without importing them."""
