"""Deploying a stage to an account of AWS, and removing all of it."""
