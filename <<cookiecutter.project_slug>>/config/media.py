"""Where uploaded files are kept: in an S3 bucket, or in development in the folder media/."""

from typing import Any

# Long enough to load a page's pictures; a link that is passed on ends soon.
URL_SECONDS = 300


def storage(bucket: str, region: str, endpoint: str, *, production: bool) -> dict[str, Any]:
    """Return the entry of Django's STORAGES setting for uploaded files.

    In a bucket they are private, under addresses that are signed for URL_SECONDS. The right to
    it comes from where the site runs (the task's or instance's role); no key is configured.
    Without a bucket production keeps no files, since its disk goes with the container.
    https://django-storages.readthedocs.io/en/latest/backends/amazon-S3.html
    """
    if not bucket:
        return {
            "BACKEND": "apps.core.storage.NoStorage"
            if production
            else "django.core.files.storage.FileSystemStorage"
        }
    from botocore.config import Config

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "region_name": region or None,
            "endpoint_url": endpoint or None,
            "querystring_auth": True,
            "querystring_expire": URL_SECONDS,
            "file_overwrite": False,
            "client_config": Config(
                signature_version="s3v4",
                # Only the bucket's own host name leads to its region; other stores know the path.
                s3={"addressing_style": "path" if endpoint else "virtual"},
                # A store that does not answer must not hold a page for minutes.
                connect_timeout=5,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        },
    }


def origin(bucket: str, region: str, endpoint: str) -> list[str]:
    """Return the origin of the files' addresses, for the Content Security Policy; none without a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    if not bucket:
        return []
    if endpoint:
        return [endpoint.rstrip("/")]
    place = f".{region}" if region and region != "us-east-1" else ""
    return [f"https://{bucket}.s3{place}.amazonaws.com"]
