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
    """Wagtail's app for accounts and roles, with which the CMS manages only roles.

    Accounts belong to the site: they are created in the admin, which invites users.
    """

    def ready(self) -> None:
        super().ready()

        from django.contrib.auth import get_user_model
        from wagtail.permissions import register_permission_policy

        from apps.pages.users import DenyAllPermissionPolicy

        register_permission_policy(get_user_model(), DenyAllPermissionPolicy(get_user_model()))
