"""A mock of S3: moto's server, with one bucket."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "the-bucket"


@contextmanager
def run_s3() -> Iterator[str]:
    """Run a mock of S3 with an empty bucket; yield its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    create_client(url).create_bucket(Bucket=BUCKET)
    yield url
    server.stop()


def create_client(url: str):
    """Return a client of S3 with the credentials of the bucket's owner."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="owner",
        aws_secret_access_key="owner",
    )
