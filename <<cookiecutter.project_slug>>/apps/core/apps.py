from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        from apps.core import checks<< ", masking" if cookiecutter.__with_deployment == 'yes' >>  # noqa: F401 - registers their checks
