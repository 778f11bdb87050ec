"""Trains, publishes and promotes a model for every dataset that is uploaded."""
