"""How `fab pull` masks the pages and Wagtail's own tables: docs/masking.md.

Published content is public. Drafts and their authors, comments, logs and keys are not.
"""

from django.apps import apps
from taggit.models import Tag, TaggedItem
from wagtail.admin.models import EditingSession, FormState
from wagtail.contrib.redirects.models import Redirect
from wagtail.documents.models import Document
from wagtail.images.models import Image, Rendition
from wagtail.models import (
    APIToken,
    Collection,
    CollectionViewRestriction,
    Comment,
    CommentReply,
    Locale,
    ModelLogEntry,
    Page,
    PageLogEntry,
    PageSubscription,
    PageViewRestriction,
    ReferenceIndex,
    Revision,
    Site,
    Task,
    TaskState,
    UploadedFile,
    Workflow,
    WorkflowState,
    WorkflowTask,
)
from wagtail.users.models import UserProfile

from apps.core.masking import EMPTY, KEEP, NOTHING, leave_out, mask
from apps.pages.models import ContentPage, HomePage

for page in (ContentPage, HomePage):
    mask(page, introduction=KEEP, body=KEEP)
mask(
    Page,
    path=KEEP,
    depth=KEEP,
    numchild=KEEP,
    translation_key=KEEP,
    title=KEEP,
    draft_title=KEEP,
    slug=KEEP,
    url_path=KEEP,
    seo_title=KEEP,
    search_description=KEEP,
    go_live_at=KEEP,
    expire_at=KEEP,
    first_published_at=KEEP,
    last_published_at=KEEP,
    latest_revision_created_at=KEEP,
    latest_revision=NOTHING,
    live_revision=NOTHING,
    locked_at=KEEP,
)
mask(Site, hostname=KEEP, port=KEEP, site_name=KEEP)
mask(Locale, language_code=KEEP)
mask(PageViewRestriction, restriction_type=KEEP, password=EMPTY)
mask(Collection, path=KEEP, depth=KEEP, numchild=KEEP, name=KEEP)
mask(CollectionViewRestriction, restriction_type=KEEP, password=EMPTY)
mask(
    Image,
    title=KEEP,
    description=KEEP,
    file=KEEP,
    file_hash=KEEP,
    file_size=KEEP,
    width=KEEP,
    height=KEEP,
    created_at=KEEP,
    focal_point_x=KEEP,
    focal_point_y=KEEP,
    focal_point_width=KEEP,
    focal_point_height=KEEP,
)
mask(Rendition, file=KEEP, filter_spec=KEEP, focal_point_key=KEEP, width=KEEP, height=KEEP)
mask(Document, title=KEEP, file=KEEP, file_hash=KEEP, file_size=KEEP, created_at=KEEP)
mask(Redirect, old_path=KEEP, redirect_link=KEEP, redirect_page_route_path=KEEP, created_at=KEEP)
mask(Tag, name=KEEP, slug=KEEP)
mask(TaggedItem, object_id=KEEP)
mask(Workflow, name=KEEP)
mask(Task, name=KEEP)
mask(WorkflowTask, sort_order=KEEP)
mask(
    ReferenceIndex,
    object_id=KEEP,
    to_object_id=KEEP,
    model_path=KEEP,
    content_path=KEEP,
    content_path_hash=KEEP,
)
leave_out(
    APIToken,
    Comment,
    CommentReply,
    EditingSession,
    FormState,
    ModelLogEntry,
    PageLogEntry,
    PageSubscription,
    Revision,
    TaskState,
    UploadedFile,
    UserProfile,
    WorkflowState,
    # The search index, whose tables differ by database: fab manage update_index
    *apps.get_app_config("wagtailsearch").get_models(),
)
