"""A box like Lambda's, and what is run in it."""
