"""Shared base classes and settings for Django REST framework."""
