"""Measurements behind the defaults; each is a command that repeats them."""
