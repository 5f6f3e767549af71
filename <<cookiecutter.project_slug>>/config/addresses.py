"""Takes the URLs of services apart, without repeating their passwords when something is wrong."""

from urllib.parse import SplitResult, urlsplit


def split(url: str) -> SplitResult:
    """Return the URL's parts; raise ValueError, without a word of the URL, if it is none."""
    try:
        parts = urlsplit(url)
        # The port is read, and can be wrong, only when it is asked for.
        _ = parts.port
    except ValueError:
        raise ValueError("it is no URL; what is special in a password must be %-encoded") from None
    return parts
