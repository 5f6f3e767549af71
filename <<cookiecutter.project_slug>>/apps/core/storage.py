"""Storage: https://docs.djangoproject.com/en/6.1/howto/custom-file-storage/"""

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

import brotli  # type: ignore[import-untyped]
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class NoStorage(FileSystemStorage):
    """Keeps nothing: production without MEDIA_BUCKET, where a file would be lost with the container."""

    def _save(self, name: str, content: Any) -> NoReturn:
        raise ImproperlyConfigured(
            f"{name!r} cannot be kept: set MEDIA_BUCKET. docs/configuration.md, Uploaded files, says more."
        )


class QuickCompressor(Compressor):
    """WhiteNoise's, but each build takes a tenth of the CPU, for files that are 10 % larger."""

    # Below the highest level, 11, and once for a file's two names, with and without a hash.
    compress_brotli = staticmethod(cache(partial(brotli.compress, quality=9)))


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's, but what a package's file lacks, or a source map, is a warning and no error."""

    warned: set[str] = set()
    url = cache(CompressedManifestStaticFilesStorage.url)  # A page names about ten files.

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Return what compresses the files, once for each build."""
        return QuickCompressor(**kwargs)

    def url_converter(self, name: str, *args: Any, **kwargs: Any) -> Callable[[re.Match[str]], str]:
        """Return the function that puts the hash into the names that this file refers to."""
        convert = super().url_converter(name, *args, **kwargs)

        def convert_or_warn(match: re.Match[str]) -> str:
            try:
                return convert(match)
            except ValueError:
                reference = match["matched"]
                if self.is_own(name) and "sourceMappingURL" not in reference:
                    raise
                if reference not in self.warned:
                    print(f"Warning: {name} refers to a file that is not there: {reference}")
                self.warned.add(reference)
                return reference

        return convert_or_warn

    @staticmethod
    def is_own(name: str) -> bool:
        """Return whether a static file is the project's, and not one of an installed package."""
        found = Path(finders.find(name) or "")
        own = (settings.BASE_DIR / "apps", settings.BASE_DIR / "static")
        return any(map(found.is_relative_to, own))
