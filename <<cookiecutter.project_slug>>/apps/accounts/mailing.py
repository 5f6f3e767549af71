"""Mail that the answer to a request does not wait for."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.db import connection
from django.utils.translation import get_language, override

logger = logging.getLogger("site.mail")

# A thread of this process, so that a password can be reset where no worker runs.
# It is started by the first mail, in gunicorn's worker, which finishes it before it ends.
_threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_later(send: Callable[[], object]) -> None:
    """Call `send` after the answer; what goes wrong is logged.

    So an answer takes equally long, and says the same, whether there is a mail to send or not.
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
