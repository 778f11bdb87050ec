"""The loader of YAML for what this repository's files say: libyaml's, which reads eight times as fast."""

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    # Some builds of PyYAML come without libyaml.
    from yaml import SafeLoader  # type: ignore[assignment] # the same methods

__all__ = ["SafeLoader"]
