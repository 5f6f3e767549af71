"""Passkeys in Chromium, with a virtual authenticator."""

from playwright.sync_api import Page, expect

from tests.browser.visitors import PASSWORD, check_page, submit

# A platform authenticator, which keeps passkeys and verifies the user.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def add_authenticator(page: Page) -> None:
    """Add a virtual authenticator, which confirms every request, to the page's browser."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def add_passkey(page: Page) -> None:
    """Add a passkey after reauthentication, and check the pages on the way."""
    page.goto(f"{page.url.split('/account')[0].rstrip('/')}/account/2fa/webauthn/add/")
    check_page(page)
    submit(page, password=PASSWORD)
    check_page(page)
    page.get_by_label("Passwordless").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    check_page(page)
