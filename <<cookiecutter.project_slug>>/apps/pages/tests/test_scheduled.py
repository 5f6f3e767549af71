"""Scheduled publishing, by a background task."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.pages.models import ContentPage
from apps.pages.tasks import publish_scheduled
from apps.pages.tests.factories import home, make_page
from apps.tasks.schedules import find_scheduled_tasks

pytestmark = pytest.mark.django_db


def test_the_task_is_enqueued_regularly() -> None:
    assert publish_scheduled.module_path in find_scheduled_tasks()


def test_pages_are_published_and_unpublished_on_schedule() -> None:
    past = timezone.now() - timedelta(minutes=1)
    make_page(expire_at=past)
    page = ContentPage(title="Boats", live=False, go_live_at=past)
    home().add_child(instance=page)
    page.save_revision(approved_go_live_at=past)
    later = ContentPage(title="Ships", live=False)
    home().add_child(instance=later)
    later.save_revision(approved_go_live_at=past + timedelta(hours=1))
    publish_scheduled.enqueue()
    assert list(ContentPage.objects.live()) == [page]
