"""The tests of Lifeboat; `tests.conftest` is imported by name for its constants."""
