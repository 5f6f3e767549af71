// Fixes what a screen reader cannot use in Django's admin. Becomes static/dist/js/admin.js.

// The question marks next to the filters of a list to choose from have a name, but no role that may bear one.
// Those lists are made when the page is loaded, by a script before this one.
window.addEventListener("load", () => {
  for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) {
    icon.role = "img";
  }
});
