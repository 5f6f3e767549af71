// Moves the focus to the list of errors of a form, for screen readers and keyboards.
export function focusErrorSummary(document) {
  document.querySelector(".error-summary")?.focus();
}
