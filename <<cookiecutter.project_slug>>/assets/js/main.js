// Enhancements of pages; each page works without them. Becomes static/dist/js/main.js.
import { focusErrorSummary } from "./modules/error-summary.js";
<% if cookiecutter.__with_allauth == "yes" %>
import { showPasskeyErrors } from "./modules/passkey-errors.js";
<% endif %>
import { setUpPasswordReveal } from "./modules/password-reveal.js";
import { setUpThemeSwitch } from "./modules/theme.js";

setUpThemeSwitch(window);
setUpPasswordReveal(document);
focusErrorSummary(document);
<% if cookiecutter.__with_allauth == "yes" %>
showPasskeyErrors(document);
<% endif %>
