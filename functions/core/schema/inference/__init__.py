"""Inference: the schema that a table seems to have."""
