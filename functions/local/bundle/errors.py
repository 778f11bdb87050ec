"""Why a bundle is not built."""


class BundleRefused(Exception):
    """A bundle cannot be built, or must not be deployed; the text says why and what to do."""
