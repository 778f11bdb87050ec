"""Datasets: uploaded, listed with what became of them, and read for a schema before a model is made."""
