"""The common parts of calls from one service to another: headers, and a deadline."""
