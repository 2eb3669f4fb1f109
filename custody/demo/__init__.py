"""The demonstration: the whole job with invented people and worthless coins, told as pictures and words."""
