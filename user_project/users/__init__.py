"""Users, who can place orders."""
