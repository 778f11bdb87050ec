"""What a body is by its header content-type."""


def media_type(content_type: str) -> str:
    """The type in a header content-type, without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_csv(content_type: str) -> bool:
    return media_type(content_type) in {"text/csv", "application/csv"}
