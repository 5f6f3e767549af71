// Shows the browser's error if a passkey does not work, such as at an IP address.
export function showPasskeyErrors(document) {
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const error = document.querySelector(".passkey-error") ?? document.createElement("p");
    error.className = "message message-error passkey-error";
    error.setAttribute("role", "alert");
    error.textContent = event.detail.exception.message;
    document.querySelector(".panel").append(error);
  });
}
