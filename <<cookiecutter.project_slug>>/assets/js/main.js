// What pages do beyond HTML; each works without it. Becomes static/dist/js/main.js.
import { focusErrorSummary } from "./modules/error-summary.js";
import { setUpPasswordReveal } from "./modules/password-reveal.js";
import { setUpThemeSwitch } from "./modules/theme.js";

setUpThemeSwitch(window);
setUpPasswordReveal(document);
focusErrorSummary(document);
