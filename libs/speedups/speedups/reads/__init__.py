"""Compiled reads: responses built directly from SQL, without the view."""
