"""What the calls of one service to another have in common."""
