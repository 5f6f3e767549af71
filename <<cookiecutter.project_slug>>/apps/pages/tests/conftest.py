from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from apps.accounts.tests.factories import make_user


@pytest.fixture(autouse=True)
def _own_media_and_cache(settings: Settings, tmp_path: Path) -> None:
    """Keep uploaded files in a temporary folder, and clear the cache of other tests' data."""
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def editor(client: Client) -> Client:
    """Return the client of a user who may only write and publish pages."""
    user = make_user(is_staff=True)
    user.groups.add(Group.objects.get(name="Moderators"))
    client.force_login(user)
    return client
