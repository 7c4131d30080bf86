"""The client of the user service: the only package that calls it, and the only one that imports requests."""

from user_client.client import UserServiceUnavailable, find_user_ids, find_verified_at

__all__ = ["UserServiceUnavailable", "find_user_ids", "find_verified_at"]
