"""What is shown when the system is up."""

from collections.abc import Mapping

from devtools.projects import Address


def welcome(addresses: Mapping[str, Address], *, seconds: float) -> str:
    """Return the table of addresses and what to try first."""
    gateway = display_url(addresses["gateway"])
    rows = [
        ("Gateway", gateway),
        ("Browsable API", f"{gateway}/users  {gateway}/orders"),
        ("Admin of users", f"{gateway}/admin/user/"),
        ("Admin of orders", f"{gateway}/admin/order/"),
        ("Health", f"{gateway}/health"),
        ("User service", display_url(addresses["user"])),
        ("Order service", display_url(addresses["order"])),
    ]
    table = "".join(f"  {label:<16} {where}\n" for label, where in rows)
    return f"""
Ready after {seconds:.1f} s.

{table}
Try:
  curl -X POST {gateway}/users -H 'Content-Type: application/json' \\
       -d '{{"name": "John", "email": "john@example.com"}}'

Demo data and an admin account: python3 manage_all.py demo      Stop: Ctrl-C

"""


def display_url(address: Address) -> str:
    """Return the URL that a person types."""
    return address.url.replace("//127.0.0.1:", "//localhost:")
