// Fixes what a screen reader cannot use in Django's admin. Becomes static/dist/js/admin.js.

// The question marks next to the filters of a selection list have an aria-label, but no role that allows one.
// An earlier script creates these lists when the page is loaded.
window.addEventListener("load", () => {
  for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) {
    icon.role = "img";
  }
});
