"""Where the pages send large files: the addresses that the API signs for files to be scored begin with it."""

from functions.core.storage.s3_target import find_target

# As functions/scoring puts files behind the model's name; a page may send to nothing else in the store.
_FOLDER = "scoring/"


def uploads_at(store: str) -> str:
    """The beginning of those addresses, with a slash at its end, as a Content-Security-Policy takes it.

    store: `s3://bucket`, or a folder, which has no addresses. Empty where files cannot be sent: also where
    only the SDK knows how the bucket is reached, which would be most of a cold start.
    """
    target = find_target(store.removeprefix("s3://")) if store.startswith("s3://") else None
    if target is None:
        return ""
    return f"{'https' if target.is_secure else 'http'}://{target.host}{target.path}{_FOLDER}"
