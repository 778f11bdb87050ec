"""The card of a version: what people have to know who rely on it, or answer for it."""
