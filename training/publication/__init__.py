"""The publication: a version in the store, whole or not at all, and its way into service."""
