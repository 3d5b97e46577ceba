"""What can be said about a printed table of scores, and no more."""
