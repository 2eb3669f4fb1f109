"""Strict bytes: one encoding for each value, bounds checked before work, nothing guessed."""
