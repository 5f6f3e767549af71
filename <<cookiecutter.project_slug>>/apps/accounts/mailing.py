"""Sends mail in the background, so that a response does not wait for it."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.db import connection
from django.utils.translation import get_language, override

logger = logging.getLogger("site.mail")

# A thread of this process, so that password resets need no task worker. The first mail starts it in
# gunicorn's worker, which waits for its mail before it ends.
_threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_later(send: Callable[[], object]) -> None:
    """Call `send` in the background; log its errors.

    The response then takes equally long, and is the same, whether there is a mail to send or not.
    """
    _threads.submit(copy_context().run, _call, send, get_language())


def _call(send: Callable[[], object], language: str | None) -> None:
    try:
        with override(language):
            send()
    except Exception:
        logger.exception("A mail was not sent")
    finally:
        connection.close()
