"""Rules for masking personal data when the database is copied for developers: docs/masking.md.

Each app declares its rules in its masking.py. Django's checks warn about a field without a rule,
and no copy is made as long as there is one.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core import checks
from django.db.models import AutoField, BooleanField, CharField, Expression, Field, Model, Value
from django.db.models.functions import Cast, Concat
from django.utils.module_loading import autodiscover_modules

# The field contains no personal data and no secret: it is copied unchanged.
KEEP = Value("kept")
EMPTY = Value("")
NOTHING = Value(None)
# An unusable password: https://docs.djangoproject.com/en/6.1/ref/contrib/auth/
NO_PASSWORD = Value("!masked")

_rules: dict[type[Model], dict[str, Expression] | None] = {}


def mask(model: type[Model], /, **fields: Expression) -> None:
    """Declare the rules for a model's fields: KEEP, or an expression that the database computes."""
    _rules[model] = fields


def leave_out(*models: type[Model]) -> None:
    """Declare that no row of these models is copied."""
    _rules.update(dict.fromkeys(models))


def numbered(before: str, after: str = "") -> Concat:
    """Return an expression for a text with the row's primary key, which makes it unique."""
    return Concat(Value(before), Cast("pk", CharField()), Value(after), output_field=CharField())


def email() -> Concat:
    """Return an expression for an email address that does not exist: https://www.rfc-editor.org/rfc/rfc2606"""
    return numbered("person-", "@example.org")


def list_copied_models() -> dict[type[Model], dict[str, Expression]]:
    """Return the models whose rows are copied, each with the rules of its masked fields.

    Raises ValueError, with all problems, if a field has no rule.
    """
    if problems := list(_check_rules()):
        raise ValueError("\n".join(f"{obj}: {problem}" for obj, problem in problems))
    return {
        model: {name: rule for name, rule in rules.items() if rule is not KEEP}
        for model in _list_models()
        if (rules := _rules.get(model, {})) is not None
    }


def list_fields(model: type[Model]) -> list["Field[Any, Any]"]:
    """Return the fields whose values are copied: the columns that the database does not compute."""
    return [field for field in model._meta.local_concrete_fields if not field.generated]


@checks.register("masking")
def check_masking(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return a warning for each model with fields without a rule, and for each invalid rule."""
    hint = "In the app's masking.py, KEEP it, mask it or leave the model out: docs/masking.md."
    return [checks.Warning(msg, hint=hint, obj=obj, id="core.W001") for obj, msg in _check_rules()]


def _list_models() -> list[type[Model]]:
    """Return the models whose tables are created by migrations."""
    autodiscover_modules("masking")
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and not model._meta.proxy]


def _check_rules() -> Iterator[tuple[Any, str]]:
    """Yield each problem of the rules, with its field or model."""
    for model in _list_models():
        rules = _rules.get(model, {})
        if rules is None:
            continue
        names = {field.name for field in list_fields(model)}
        for name in rules.keys() - names:
            yield model._meta.label, f"The rule for {name!r} is invalid: there is no such field."
        unknown = []
        for field in list_fields(model):
            rule = rules.get(field.name)
            is_masked = rule is not None and rule is not KEEP
            if is_masked and field.primary_key:
                yield field, "A primary key cannot be masked: leave the model out."
            elif field.related_model and _is_left_out(field.related_model) and not is_masked:
                yield (
                    field,
                    "It refers to a model that is left out: mask it with NOTHING, or leave both out.",
                )
            elif rule is None and not _is_impersonal(field):
                unknown.append(f"{field.name}=KEEP")
        if unknown:
            yield (
                model._meta.label,
                "These fields have no rule. If none contains personal data or secrets,"
                f" mask({model.__name__}, ...) takes: {', '.join(unknown)}",
            )


def _is_left_out(model: Any) -> bool:
    return _rules.get(model, {}) is None


def _is_impersonal(field: "Field[Any, Any]") -> bool:
    """Return whether a field's type shows that it is not personal: primary keys, booleans, relations."""
    return isinstance(field, (AutoField, BooleanField)) or field.is_relation
