"""What is known of S3's answers with and without the SDK."""

WRONG_REGION = (
    "the bucket is in another region; set AWS_REGION and AWS_DEFAULT_REGION to it, and an endpoint that is "
    "named to one of that region"
)


def is_page(content_type: str) -> bool:
    """Whether an answer is a page for people: from a login, or one that apologises. The store keeps none."""
    return content_type.strip().lower().startswith("text/html")
