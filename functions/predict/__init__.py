"""Scores rows over HTTP with the champions of all models."""
