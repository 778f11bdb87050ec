"""Scores passengers over HTTP with the champion model."""
