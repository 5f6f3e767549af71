"""The settings for tests: those of development, whatever this checkout's `.env` sets.

Only the database comes from `.env`, so that the tests use the same one as development.
Passwords are hashed quickly.
"""

import os
from unittest.mock import patch

from config import environment

values = {**environment.read_env_file(environment.BASE_DIR / ".env"), **os.environ}
for variable in environment.VARIABLES:
    os.environ.pop(variable.name, None)
os.environ.update({"DEBUG": "true", "DATABASE_URL": values.get("DATABASE_URL") or ""})
patch.object(environment, "read_env_file", return_value={}).start()

from config.settings import *  # noqa: E402, F403
from config.settings import LANGUAGES as SITE_LANGUAGES  # noqa: E402
from config.settings import PASSWORD_HASHERS as HASHERS  # noqa: E402

# The tests expect English texts, whatever the site's language is, and may use others.
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = list({LANGUAGE_CODE: "English", **dict(SITE_LANGUAGES)}.items())
PASSWORD_HASHERS = ["tests.hashers.QuickHasher", *HASHERS[1:]]
