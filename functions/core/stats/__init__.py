"""Estimates and distributions, as they are recorded and as they are counted."""
