// A button next to each password field that shows what was typed. Its words come from the field's template.
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
      // Sent as a password, or browsers would offer to remember it as plain text.
      input.form?.addEventListener("submit", () => (input.type = "password"));
      button.hidden = false;
    }
  }
}
