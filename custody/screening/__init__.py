"""Whether a destination is flagged: addresses are compared by the program they decode to, never as text."""
