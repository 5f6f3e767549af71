from django.apps import AppConfig
from wagtail.users.apps import WagtailUsersAppConfig


class PagesConfig(AppConfig):
    name = "apps.pages"
    default = True

    def ready(self) -> None:
        from django.tasks.signals import task_started
        from wagtail.models import Site

        from apps.pages import checks, widgets  # noqa: F401 - registers its check

        widgets.install()
        # As before each request: apps.pages.middleware.
        task_started.connect(lambda **_: Site.clear_site_root_paths_cache(), weak=False)


class UsersConfig(WagtailUsersAppConfig):
    """Wagtail's part for accounts and roles, in which the CMS makes and changes roles alone.

    Accounts are the site's own: they are made in the admin, where people are invited.
    """

    def ready(self) -> None:
        super().ready()

        from django.contrib.auth import get_user_model
        from wagtail.permissions import register_permission_policy

        from apps.pages.users import DenyAllPermissionPolicy

        register_permission_policy(get_user_model(), DenyAllPermissionPolicy(get_user_model()))
