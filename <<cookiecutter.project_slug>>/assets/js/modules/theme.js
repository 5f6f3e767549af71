// The color theme: the system's unless the visitor has chosen one in the footer.
const KEY = "theme";
const CHOICES = ["system", "light", "dark"];

export function readTheme(window) {
  try {
    const theme = window.localStorage.getItem(KEY);
    return CHOICES.includes(theme) ? theme : "system";
  } catch {
    // Storage is disabled: the choice applies only to this page.
    return "system";
  }
}

export function saveTheme(window, theme) {
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}

export function applyTheme(document, theme) {
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme;
  }
  // The browser's toolbar has the color of the current theme.
  for (const tag of document.querySelectorAll('meta[name="theme-color"]')) {
    const media = tag.dataset.theme === theme ? "all" : "not all";
    tag.media = theme === "system" ? `(prefers-color-scheme: ${tag.dataset.theme})` : media;
  }
}

export function setUpThemeSwitch(window) {
  const { document } = window;
  const themeSwitch = document.querySelector(".theme-switch");
  if (!themeSwitch) {
    return;
  }
  const theme = readTheme(window);
  for (const input of themeSwitch.querySelectorAll("input")) {
    input.checked = input.value === theme;
  }
  themeSwitch.addEventListener("change", ({ target }) => {
    applyTheme(document, target.value);
    saveTheme(window, target.value);
  });
  themeSwitch.hidden = false;
}
