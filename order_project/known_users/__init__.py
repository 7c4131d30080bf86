"""What the order service knows of users by their events: enough to go on while the user service is away."""
