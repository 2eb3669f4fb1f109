"""Secrets: where they come from, how they are sealed, and the rules of the process that uses them."""
