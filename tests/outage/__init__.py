"""A store that is down, and the processes that serve meanwhile."""
