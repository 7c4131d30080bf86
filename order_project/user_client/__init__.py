"""The client of the user service: the only package that calls it, and the only one that imports requests."""

from user_client.client import UserServiceUnavailable, VerifiedUser, find_user, find_user_ids

__all__ = ["UserServiceUnavailable", "VerifiedUser", "find_user", "find_user_ids"]
