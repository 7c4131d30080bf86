"""Reads that are answered without their views: address to SQL to JSON."""
