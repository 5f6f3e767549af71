"""The site's settings in its tests: those of development, whatever this checkout's `.env` switches on.

Only the database is taken from there, so that the tests run on the one that development has.
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

# The tests look for English texts, whatever the site's own language is, and may try others.
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = list({LANGUAGE_CODE: "English", **dict(SITE_LANGUAGES)}.items())
PASSWORD_HASHERS = ["tests.hashers.QuickHasher", *HASHERS[1:]]
