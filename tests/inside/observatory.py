"""Mozilla's HTTP Observatory: the score of a response.

The rules and the modifiers are those of
https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring
"""

import re
from urllib.parse import urlsplit

from django.http import HttpResponse

ANY = {"*", "http:", "https:", "ftp:", "http://*", "https://*", "http://*.*", "https://*.*"}
PRIVATE_REFERRER = {
    "no-referrer",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
}
SIX_MONTHS = 15_768_000


def compute_modifiers(response: HttpResponse) -> dict[str, int]:
    """Return the modifier of each test, which changes the score of 100, for a response over HTTPS."""
    policy = parse_policy(response)
    return {
        "content-security-policy": check_policy(policy),
        "cookies": check_cookies(response),
        "cross-origin-resource-sharing": check_cors(response),
        "cross-origin-resource-policy": check_resource_policy(response),
        "referrer-policy": check_referrer(response.get("Referrer-Policy", "")),
        "strict-transport-security": check_hsts(response.get("Strict-Transport-Security", "")),
        "subresource-integrity": check_scripts(response),
        "x-content-type-options": 0 if response.get("X-Content-Type-Options") == "nosniff" else -5,
        "x-frame-options": check_frame_options(response.get("X-Frame-Options", ""), policy),
    }


def compute_score(modifiers: dict[str, int]) -> int:
    """Return the score; 100 or more is an A+. Bonuses count only from 90 on."""
    result = 100 + sum(value for value in modifiers.values() if value < 0)
    if result >= 90:
        result += sum(value for value in modifiers.values() if value > 0)
    return max(result, 0)


def parse_policy(response: HttpResponse) -> dict[str, set[str]]:
    """Return the sources of each directive of the policy."""
    directives = response.get("Content-Security-Policy", "").split(";")
    words = [directive.split() for directive in directives if directive.strip()]
    return {name.lower(): set(sources) for name, *sources in words}


def check_policy(policy: dict[str, set[str]]) -> int:
    if not policy:
        return -25
    fallback = policy.get("default-src", {"*"})
    scripts = get_effective_sources(policy.get("script-src", fallback))
    styles = get_effective_sources(policy.get("style-src", fallback))
    objects = policy.get("object-src", fallback)
    passive = policy.get("img-src", fallback) | policy.get("media-src", fallback)
    active = set().union(*policy.values()) - passive | scripts
    if scripts & (ANY | {"'unsafe-inline'", "data:"}) or objects & ANY:
        return -20
    if any(source.startswith(("http:", "ftp:")) for source in active):
        return -20
    if "'unsafe-eval'" in scripts | styles:
        return -10
    if any(source.startswith(("http:", "ftp:")) for source in passive):
        return -10
    if styles & (ANY | {"'unsafe-inline'", "data:"}):
        return 0
    return 10 if policy.get("default-src") == {"'none'"} else 5


def get_effective_sources(sources: set[str]) -> set[str]:
    """Return the effective sources: a nonce or a hash disables 'unsafe-inline'."""
    has_nonce = any(re.match("'(nonce|sha256|sha384|sha512)-", source) for source in sources)
    return sources - {"'unsafe-inline'"} if has_nonce else sources


def check_cookies(response: HttpResponse) -> int:
    modifiers = [0]
    for name, cookie in response.cookies.items():
        is_session = "sess" in name.lower() or "login" in name.lower()
        if not cookie["secure"]:
            modifiers.append(-40 if is_session else -20)
        if is_session and not cookie["httponly"]:
            modifiers.append(-30)
        if "csrf" in name.lower() and not cookie["samesite"]:
            modifiers.append(-20)
        if cookie["samesite"] and cookie["samesite"].lower() not in {"lax", "strict"}:
            modifiers.append(-20)
    all_same_site = all(cookie["samesite"] for cookie in response.cookies.values())
    return min(modifiers) or (5 if response.cookies and all_same_site else 0)


def check_cors(response: HttpResponse) -> int:
    shared = "Access-Control-Allow-Origin" in response
    return -50 if shared and "Access-Control-Allow-Credentials" in response else 0


def check_resource_policy(response: HttpResponse) -> int:
    values = {"": 0, "cross-origin": 0, "same-site": 10, "same-origin": 10}
    return values.get(response.get("Cross-Origin-Resource-Policy", ""), -5)


def check_referrer(header: str) -> int:
    if not header:
        return 0
    return 5 if header.split(",")[-1].strip() in PRIVATE_REFERRER else -5


def check_hsts(header: str) -> int:
    max_age = re.search(r"max-age=(\d+)", header)
    if not max_age:
        return -20
    return 0 if int(max_age[1]) >= SIX_MONTHS else -10


def check_scripts(response: HttpResponse) -> int:
    result = 0
    for script in re.findall(r"<script[^>]*>", response.content.decode()):
        source = re.search(r'src="([^"]*)"', script)
        if source and urlsplit(source[1]).netloc and "integrity=" not in script:
            result = min(result, -5 if source[1].startswith("https:") else -50)
    return result


def check_frame_options(header: str, policy: dict[str, set[str]]) -> int:
    if "frame-ancestors" in policy:
        return 5
    return 0 if header.upper() in {"DENY", "SAMEORIGIN"} else -20
