"""Passkeys in Chromium, by an authenticator that is not there."""

from playwright.sync_api import Page, expect

from tests.browser.visitors import PASSWORD, check_page, send

# A user with a passkey, in the browser and not in a separate device.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def use_authenticator(page: Page) -> None:
    """Give the page's browser an authenticator, whose owner says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def add_passkey(page: Page) -> None:
    """Add a passkey, with the password entered again, and check the pages on the way."""
    page.goto(f"{page.url.split('/account')[0].rstrip('/')}/account/2fa/webauthn/add/")
    check_page(page)
    send(page, password=PASSWORD)
    check_page(page)
    page.get_by_label("Passwordless").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    check_page(page)
