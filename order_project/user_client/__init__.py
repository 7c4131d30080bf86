"""The client of the user service. No other package of this project imports requests."""

from user_client.client import UserServiceUnavailable, VerifiedUser, find_user, find_user_ids

__all__ = ["UserServiceUnavailable", "VerifiedUser", "find_user", "find_user_ids"]
