"""Lifeboat's own way to ask: one row, many rows, the model in service."""
