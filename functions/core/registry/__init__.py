"""The versions of the model: what is recorded of them, and which one is in service."""
