// After a form came back with errors, screen readers and keyboards start at the list of them.
export function focusErrorSummary(document) {
  document.querySelector(".error-summary")?.focus();
}
