"""What the functions share; imports nothing from the folders beside it."""

__version__ = "0.1.0"
"""The version of Lifeboat, by Semantic Versioning; it stands here and nowhere else.

It covers the API, the commands, the template and what is kept in the store. /openapi.json, /version and the
bills of materials tell it, and a release is tagged with it (v0.1.0). No version of a model depends on it.
"""
