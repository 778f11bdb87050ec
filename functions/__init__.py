"""Lifeboat's functions: one folder each, and `core`, which they share."""
