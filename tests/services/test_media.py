"""Uploads to S3 by MEDIA_BUCKET: moto's server, and the credentials of a container's role."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from tests import bucket
from tests.bucket import BUCKET
from tests.production import Production, Service, run_http_service

ROLE = {
    "AccessKeyId": "ASIAROLEROLEROLEROLE",
    "SecretAccessKey": "secret-of-the-role",
    "Token": "token-of-the-role",
    "Expiration": "2199-01-01T00:00:00Z",
}
SAVE = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
name = default_storage.save("letter.txt", ContentFile(b"Hello Ann"))
"""


@pytest.fixture
def role() -> Iterator[Service]:
    """Return a mock of the endpoint that gives a container its role's credentials, as on ECS and EKS."""
    with run_http_service(json.dumps(ROLE)) as service:
        yield service


@pytest.fixture
def s3() -> Iterator[str]:
    """Return the URL of a mock of S3 with an empty bucket."""
    with bucket.run_s3() as url:
        yield url


def get_status(url: str) -> int:
    """Return the HTTP status of a URL."""
    try:
        with urlopen(url, timeout=60) as response:
            return response.status
    except HTTPError as error:
        return error.code


def test_uploads_are_private_and_use_the_role(production: Production, s3: str, role: Service) -> None:
    """With MEDIA_BUCKET uploads are stored in the bucket with the container's role, without access keys.

    Their URLs are signed and expire in five minutes.
    """
    output = production.run_python(
        f"{SAVE}\nprint(default_storage.url(name))",
        MEDIA_BUCKET=BUCKET,
        AWS_REGION="us-east-1",
        MEDIA_ENDPOINT_URL=s3,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://127.0.0.1:{role.port}/role",
    )
    url = output.strip().splitlines()[-1]
    parameters = parse_qs(urlsplit(url).query)
    assert role.received[0].path == "/role"
    assert parameters["X-Amz-Credential"][0].startswith(ROLE["AccessKeyId"])
    assert parameters["X-Amz-Security-Token"] == [ROLE["Token"]]
    assert parameters["X-Amz-Expires"] == ["300"]
    with urlopen(url, timeout=60) as response:
        assert response.read() == b"Hello Ann"
    assert get_status(url.partition("?")[0]) == 403
    [grant] = bucket.create_client(s3).get_object_acl(Bucket=BUCKET, Key="letter.txt")["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"
    assert grant["Grantee"]["Type"] == "CanonicalUser"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-2"])
def test_csp_allows_the_bucket(production: Production, region: str) -> None:
    """An upload's signed URL is in the bucket's region, and allowed by the Content Security Policy."""
    output = production.run_python(
        "from django.core.files.storage import default_storage\n"
        "from django.conf import settings\n"
        "print(default_storage.url('a.png'))\n"
        "print(*settings.SECURE_CSP['img-src'])",
        MEDIA_BUCKET=BUCKET,
        AWS_REGION=region,
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",
    )
    url, sources = output.strip().splitlines()[-2:]
    assert f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" in sources.split()
    assert region == "us-east-1" or region in urlsplit(url).netloc


def test_production_without_a_bucket_rejects_uploads(production: Production) -> None:
    """Without MEDIA_BUCKET production rejects uploads, and the error names the variable."""
    script = (
        f"try:\n    {SAVE.strip().replace(chr(10), chr(10) + '    ')}\nexcept Exception as e: print(repr(e))"
    )
    output = production.run_python(script)
    assert "MEDIA_BUCKET" in output
    assert not (production.project.folder / "media").exists()


def test_boto3_is_not_imported_without_the_variable(production: Production) -> None:
    """Without MEDIA_BUCKET neither django-storages nor boto3 is imported."""
    script = "import sys; print({'storages', 'boto3', 'botocore'} & sys.modules.keys() or 'none')"
    assert production.run_python(script).strip() == "none"


def test_development_stores_and_serves_uploads(production: Production) -> None:
    """In development uploads are stored in media/ and served by Django."""
    script = f"""{SAVE}
from django.test import Client
client = Client(headers={{"host": "localhost"}})
print(b"".join(client.get(default_storage.url(name)).streaming_content).decode())
"""
    output = production.run_python(script, DEBUG="true")
    assert output.strip().endswith("Hello Ann")
    assert [file.name for file in (production.project.folder / "media").iterdir()] == ["letter.txt"]
