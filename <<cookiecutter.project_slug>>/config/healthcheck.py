"""The image's health check: exits with 0 if /healthz returns 200. In Python, since the image has no curl."""

import os
import sys
from http.client import HTTPConnection

site = HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
site.request("GET", "/healthz")
sys.exit(site.getresponse().status != 200)
