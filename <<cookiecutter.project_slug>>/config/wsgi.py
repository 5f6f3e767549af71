"""The WSGI application that gunicorn serves: https://docs.djangoproject.com/en/6.1/howto/deployment/wsgi/"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

if settings.OTEL_ENDPOINT:
    from config import tracing

    tracing.instrument()
    if settings.DEBUG:
        # The development server is one process; gunicorn's workers start it in config/gunicorn.py.
        tracing.export()

application = get_wsgi_application()
