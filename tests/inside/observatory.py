"""Mozilla's HTTP Observatory: what it would say of an answer.

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


def modifiers(answer: HttpResponse) -> dict[str, int]:
    """Return each test's name with what it adds to or takes from 100, for an answer over HTTPS."""
    policy = content_security_policy(answer)
    return {
        "content-security-policy": judge_policy(policy),
        "cookies": judge_cookies(answer),
        "cross-origin-resource-sharing": judge_sharing(answer),
        "cross-origin-resource-policy": judge_resource_policy(answer),
        "referrer-policy": judge_referrer(answer.get("Referrer-Policy", "")),
        "strict-transport-security": judge_transport(answer.get("Strict-Transport-Security", "")),
        "subresource-integrity": judge_scripts(answer),
        "x-content-type-options": 0 if answer.get("X-Content-Type-Options") == "nosniff" else -5,
        "x-frame-options": judge_frames(answer.get("X-Frame-Options", ""), policy),
    }


def score(modifiers: dict[str, int]) -> int:
    """Return the score: from 100 on it is an A+. Bonuses count only from 90 on."""
    result = 100 + sum(value for value in modifiers.values() if value < 0)
    if result >= 90:
        result += sum(value for value in modifiers.values() if value > 0)
    return max(result, 0)


def content_security_policy(answer: HttpResponse) -> dict[str, set[str]]:
    """Return the policy's directives with their sources."""
    directives = answer.get("Content-Security-Policy", "").split(";")
    words = [directive.split() for directive in directives if directive.strip()]
    return {name.lower(): set(sources) for name, *sources in words}


def judge_policy(policy: dict[str, set[str]]) -> int:
    if not policy:
        return -25
    fallback = policy.get("default-src", {"*"})
    scripts = without_overridden(policy.get("script-src", fallback))
    styles = without_overridden(policy.get("style-src", fallback))
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


def without_overridden(sources: set[str]) -> set[str]:
    """Return the sources that count: beside a nonce or a hash 'unsafe-inline' does not."""
    has_nonce = any(re.match("'(nonce|sha256|sha384|sha512)-", source) for source in sources)
    return sources - {"'unsafe-inline'"} if has_nonce else sources


def judge_cookies(answer: HttpResponse) -> int:
    found = [0]
    for name, cookie in answer.cookies.items():
        is_session = "sess" in name.lower() or "login" in name.lower()
        if not cookie["secure"]:
            found.append(-40 if is_session else -20)
        if is_session and not cookie["httponly"]:
            found.append(-30)
        if "csrf" in name.lower() and not cookie["samesite"]:
            found.append(-20)
        if cookie["samesite"] and cookie["samesite"].lower() not in {"lax", "strict"}:
            found.append(-20)
    all_same_site = all(cookie["samesite"] for cookie in answer.cookies.values())
    return min(found) or (5 if answer.cookies and all_same_site else 0)


def judge_sharing(answer: HttpResponse) -> int:
    shared = "Access-Control-Allow-Origin" in answer
    return -50 if shared and "Access-Control-Allow-Credentials" in answer else 0


def judge_resource_policy(answer: HttpResponse) -> int:
    values = {"": 0, "cross-origin": 0, "same-site": 10, "same-origin": 10}
    return values.get(answer.get("Cross-Origin-Resource-Policy", ""), -5)


def judge_referrer(header: str) -> int:
    if not header:
        return 0
    return 5 if header.split(",")[-1].strip() in PRIVATE_REFERRER else -5


def judge_transport(header: str) -> int:
    age = re.search(r"max-age=(\d+)", header)
    if not age:
        return -20
    return 0 if int(age[1]) >= SIX_MONTHS else -10


def judge_scripts(answer: HttpResponse) -> int:
    result = 0
    for script in re.findall(r"<script[^>]*>", answer.content.decode()):
        source = re.search(r'src="([^"]*)"', script)
        if source and urlsplit(source[1]).netloc and "integrity=" not in script:
            result = min(result, -5 if source[1].startswith("https:") else -50)
    return result


def judge_frames(header: str, policy: dict[str, set[str]]) -> int:
    if "frame-ancestors" in policy:
        return 5
    return 0 if header.upper() in {"DENY", "SAMEORIGIN"} else -20
