// A button next to each password field that shows the password. Its texts are in the field's template.
export function toggle(input, button) {
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
}

export function setUpPasswordReveal(document) {
  for (const button of document.querySelectorAll("[data-password-reveal]")) {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    if (input) {
      button.addEventListener("click", () => toggle(input, button));
      // Submit it as a password: browsers would offer to remember plain text.
      input.form?.addEventListener("submit", () => (input.type = "password"));
      button.hidden = false;
    }
  }
}
