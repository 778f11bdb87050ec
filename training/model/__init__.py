"""The model: how it is chosen and fitted, how good it is, and what its version is named after."""
