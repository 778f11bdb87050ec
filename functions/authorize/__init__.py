"""Finds out whose key a request shows; the function behind the route decides what that allows."""
