"""What every service needs and no service owns. It knows no model and no word of any domain."""
