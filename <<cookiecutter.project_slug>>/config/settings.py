"""Django's settings, the same in development, tests and production: the environment decides.

Each value that differs comes from config/environment.py.
https://docs.djangoproject.com/en/6.1/ref/settings/
"""

from hashlib import sha256

from django.utils.csp import CSP

from config.backends import bucket, bucket_origin, caches, database, mailer
<% if cookiecutter.cms == "wagtail" %>
from config.environment import BASE_DIR, development_url, read
<% else %>
from config.environment import BASE_DIR, read
<% endif %>
from config.logs import logging_config
<% if cookiecutter.__with_allauth == "yes" %>
from config.providers import providers
<% endif %>

env = read()

# The site's name and description, for pages and mail
SITE_NAME = << cookiecutter.__project_name_quoted >>  # fmt: skip
SITE_DESCRIPTION = << cookiecutter.__description_quoted >>  # fmt: skip
# The contact for reports of vulnerabilities: https://www.rfc-editor.org/rfc/rfc9116
SECURITY_CONTACT = "mailto:<< cookiecutter.__author_email >>"  # fmt: skip

# https://docs.djangoproject.com/en/6.1/ref/settings/#core-settings

DEBUG = env["DEBUG"]
SECRET_KEY = env["SECRET_KEY"]
ALLOWED_HOSTS = env["ALLOWED_HOSTS"]
ROOT_URLCONF = "config.urls"
ADMIN_PATH = env["ADMIN_PATH"]
<% if cookiecutter.cms == "wagtail" %>
CMS_PATH = "cms/"
<% endif %>
WSGI_APPLICATION = "config.wsgi.application"

<% if cookiecutter.__with_allauth == "yes" %>
PROVIDERS = providers(env)
<% endif %>
INSTALLED_APPS = [
    "apps.core",
    "apps.accounts",
<% if cookiecutter.tasks == "database" %>
    "apps.tasks",
<% endif %>
<% if cookiecutter.api != "none" %>
    "apps.api",
<% endif %>
<% if cookiecutter.__with_allauth == "yes" %>
    "apps.authentication",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *(f"allauth.socialaccount.providers.{name}" for name in PROVIDERS),
<% endif %>
<% if cookiecutter.cms == "wagtail" %>
    "apps.pages",
    "apps.pages.apps.UsersConfig",
    "wagtail.contrib.redirects",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    # The search on PostgreSQL
    "django.contrib.postgres",
<% endif %>
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.forms",
<% if cookiecutter.tasks == "database" %>
    "django_tasks_db",
<% endif %>
<% if cookiecutter.api == "ninja" %>
    "ninja",
<% elif cookiecutter.api == "drf" %>
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
<% endif %>
]

# https://docs.djangoproject.com/en/6.1/ref/middleware/#middleware-ordering

MIDDLEWARE = [
    # First: load balancers use an IP address as the host, and no HTTPS.
    "apps.core.middleware.HealthMiddleware",
    # Before the middleware that static files do not need. In development, runserver serves them.
    *([] if DEBUG else ["apps.core.static_files.StaticFilesMiddleware"]),
    "apps.core.middleware.RequestLogMiddleware",
    # Before all middleware that may return a response, so that each page has the policy.
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
<% if cookiecutter.api != "none" %>
    # Before all middleware that may reject a request.
    "apps.api.middleware.ApiMiddleware",
<% endif %>
    "django.middleware.security.SecurityMiddleware",
    "apps.core.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "apps.accounts.middleware.LimitsMiddleware",
<% if cookiecutter.__with_allauth == "yes" %>
    "allauth.account.middleware.AccountMiddleware",
    "apps.authentication.middleware.LeaveMiddleware",
    "apps.authentication.middleware.SecondFactorMiddleware",
<% endif %>
<% if cookiecutter.cms == "wagtail" %>
    "apps.pages.middleware.PagesMiddleware",
<% endif %>
]

# https://docs.djangoproject.com/en/6.1/topics/templates/

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
# Forms use the templates in templates/django/forms/ before Django's own.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# https://docs.djangoproject.com/en/6.1/ref/settings/#databases

DATABASES = {"default": database(env["DATABASE_URL"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# https://docs.djangoproject.com/en/6.1/topics/cache/

CACHES = caches(env["CACHE_URL"])
if env["CACHE_URL"]:
    # Sessions are also in the database, so that an emptied cache does not sign users out.
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    SESSION_CACHE_ALIAS = "sessions"
    CACHES["sessions"] = CACHES["default"] | {"BACKEND": "apps.core.sessions.SessionCache"}
<% if cookiecutter.cms == "wagtail" %>
    # Wagtail reads it on every page, and pages must work without it.
    CACHES["default"]["BACKEND"] = "apps.pages.cache.PagesCache"
<% endif %>

# https://docs.djangoproject.com/en/6.1/topics/auth/

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.<< 'authentication' if cookiecutter.__with_allauth == 'yes' else 'accounts' >>.backends.LimitedBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "core:home"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# https://docs.djangoproject.com/en/6.1/topics/security/

PRODUCTION = not DEBUG
TRUST_PROXY = env["TRUST_PROXY"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_SSL_REDIRECT = PRODUCTION and env["HTTPS"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION and env["HTTPS"]
CSRF_COOKIE_HTTPONLY = True
# With this prefix, browsers accept a cookie only from this host, not from others in its domain:
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Cookies#cookie_prefixes
COOKIE_PREFIX = "__Host-" if SESSION_COOKIE_SECURE else ""
if DEBUG:
    # Browsers send localhost's cookies to all ports, so each checkout has its own names.
    COOKIE_PREFIX = f"{sha256(SECRET_KEY.encode()).hexdigest()[:8]}-"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
# A separate cookie would not have such a name.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Marks a browser in which a user has signed in: apps.accounts.limits.
DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}device"
SECURE_HSTS_SECONDS = env["HSTS_SECONDS"] if PRODUCTION and env["HTTPS"] else 0
# HSTS for subdomains and in preload lists affects the whole domain, not only this site.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_TRUSTED_ORIGINS = env["CSRF_TRUSTED_ORIGINS"]
X_FRAME_OPTIONS = "DENY"
# The maximum size of a request body with its files; Django limits it without files to 2.5 MB and
# 1000 fields: https://docs.djangoproject.com/en/6.1/ref/settings/#data-upload-max-memory-size
BODY_MAX_BYTES = 10 * 1024 * 1024

<% if cookiecutter.__with_allauth == "yes" %>
# https://docs.allauth.org/en/latest/account/configuration.html and docs/sign-up.md
ACCOUNT_ADAPTER = "apps.authentication.adapters.AccountAdapter"
ACCOUNT_SIGNUP_ENABLED = << 'True' if cookiecutter.sign_up == 'public' else 'False' >>
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
# The limit of one session; apps.accounts.limits has those of each email address and client.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = 100
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "signup": "apps.authentication.forms.SignupForm",
    "reset_password": "apps.authentication.forms.ResetPasswordForm",
}
# These count in the cache; apps.accounts.limits counts in the database, which all processes share.
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = SITE_NAME
# The previous and the next code are valid too, for slow users and inaccurate clocks:
# https://www.rfc-editor.org/rfc/rfc6238#section-5.2
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SESSION_COOKIE_SECURE
MFA_FORMS = {
    "authenticate": "apps.authentication.forms.AuthenticateForm",
    "reauthenticate": "apps.authentication.forms.ReauthenticateForm",
}
SOCIALACCOUNT_ADAPTER = "apps.authentication.adapters.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = PROVIDERS
# Whether URLs that begin with these paths require a second factor.
SECOND_FACTOR = env["SECOND_FACTOR"]
SECOND_FACTOR_PATHS = [ADMIN_PATH<< ', CMS_PATH' if cookiecutter.cms == 'wagtail' >>]

<% endif %>
# https://docs.djangoproject.com/en/6.1/topics/security/#content-security-policy

BUCKET = env["MEDIA_BUCKET"], env["AWS_REGION"], env["MEDIA_ENDPOINT_URL"]
# Not for scripts and styles: those from other hosts need the page's nonce.
CSP_ORIGINS = [*env["CSP_ORIGINS"], *([bucket_origin(*BUCKET)] if env["MEDIA_BUCKET"] else [])]
SECURE_CSP = {
    "default-src": [CSP.SELF, *CSP_ORIGINS],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:", *CSP_ORIGINS],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

# https://docs.djangoproject.com/en/6.1/topics/email/

MAILERS = {"default": mailer(env["EMAIL_URL"])}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env["DEFAULT_FROM_EMAIL"]

<% if cookiecutter.tasks == "database" %>
# https://docs.djangoproject.com/en/6.1/topics/tasks/ and docs/tasks.md

TASKS_BACKENDS = {"immediate": "ImmediateBackend", "database": "DatabaseBackend"}
TASKS = {"default": {"BACKEND": f"apps.tasks.backends.{TASKS_BACKENDS[env['TASKS'].lower()]}"}}

<% endif %>
<% if cookiecutter.api == "drf" %>
# https://www.django-rest-framework.org/api-guide/settings/

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["apps.api.throttling.UserThrottle"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "PAGE_SIZE": 20,
    "URL_FORMAT_OVERRIDE": None,
}

# https://drf-spectacular.readthedocs.io/en/latest/settings.html

SPECTACULAR_SETTINGS = {
    "TITLE": SITE_NAME,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "PREPROCESSING_HOOKS": ["apps.api.schema.filter_endpoints"],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

<% endif %>
# https://docs.djangoproject.com/en/6.1/topics/i18n/

# docs/translation.md adds a language.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
# English needs no translation catalog, and each lookup takes time.
USE_I18N = len(LANGUAGES) > 1 or LANGUAGE_CODE != "en"
LOCALE_PATHS = [BASE_DIR / "apps" / "locale"]
TIME_ZONE = "UTC"

# https://docs.djangoproject.com/en/6.1/topics/files/

MEDIA_URL = "media/"
MEDIA_ROOT = BASE_DIR / "media"

# https://docs.djangoproject.com/en/6.1/howto/static-files/ and https://whitenoise.readthedocs.io

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    # Without a bucket, production stores no files: its disk is deleted with the container.
    "default": bucket(*BUCKET)
    if env["MEDIA_BUCKET"]
    else {"BACKEND": "apps.core.storage.NoStorage"}
    if PRODUCTION
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "apps.core.storage.StaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}

<% if cookiecutter.cms == "wagtail" %>
# https://docs.wagtail.org/en/stable/reference/settings.html and docs/cms.md

WAGTAIL_SITE_NAME = SITE_NAME
# The site's URL in the CMS's email
WAGTAILADMIN_BASE_URL = (
    development_url()
    if DEBUG
    else f"http{'s' if SECURE_SSL_REDIRECT else ''}://{ALLOWED_HOSTS[0].lstrip('.')}"
)
# Only the site's own pages handle sign-in, passwords and email addresses.
WAGTAILADMIN_LOGIN_URL = WAGTAIL_FRONTEND_LOGIN_URL = LOGIN_URL
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
# No requests to other sites: no Gravatar, no release news.
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
# Private pages are for signed-in users or groups; there are no shared passwords.
WAGTAIL_PRIVATE_PAGE_OPTIONS = WAGTAILDOCS_PRIVATE_COLLECTION_OPTIONS = {"SHARED_PASSWORD": False}
# Whether something runs `publish_scheduled` regularly: docs/cms.md
<% if cookiecutter.tasks == "database" %>
SCHEDULED_PUBLISHING = env["TASKS"].lower() == "database"
<% else %>
SCHEDULED_PUBLISHING = False
<% endif %>
WAGTAILIMAGES_IMAGE_FORM_BASE = "apps.pages.images.ImageForm"
WAGTAILIMAGES_EXTENSIONS = ["avif", "gif", "jpeg", "jpg", "png", "webp"]
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "odp", "ods", "odt", "pdf", "pptx", "txt", "xlsx", "zip"]
# Below BODY_MAX_BYTES, so that the form shows the error.
WAGTAILIMAGES_MAX_UPLOAD_SIZE = WAGTAILDOCS_MAX_UPLOAD_SIZE = 8 * 1024 * 1024
# Limits the memory for an image, which its file size does not show.
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 50_000_000
# The form of a long page has many fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
# Documents are downloaded, never shown as pages of this site.
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_INLINE_CONTENT_TYPES: list[str] = []

<% endif %>
# https://docs.djangoproject.com/en/6.1/topics/logging/

LOGGING = logging_config(env["LOG_LEVEL"], env["LOG_FORMAT"])

# https://opentelemetry.io/docs/languages/python/: config/wsgi.py starts it

OTEL_ENDPOINT = env["OTEL_EXPORTER_OTLP_ENDPOINT"]
OTEL_SERVICE_NAME = env["OTEL_SERVICE_NAME"]
RELEASE = env["RELEASE"]

# https://docs.sentry.io/platforms/python/integrations/django/

if env["SENTRY_DSN"]:
    from config import sentry

    sentry.start(env["SENTRY_DSN"], env["SENTRY_ENVIRONMENT"], RELEASE)
