"""Storage: https://docs.djangoproject.com/en/6.1/howto/custom-file-storage/"""

from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage


class NoStorage(FileSystemStorage):
    """Keeps nothing: production without MEDIA_BUCKET, where a file would be lost with the container."""

    def _save(self, name: str, content: Any) -> NoReturn:
        raise ImproperlyConfigured(
            f"{name!r} cannot be kept: set MEDIA_BUCKET. docs/configuration.md, Uploaded files, says more."
        )
