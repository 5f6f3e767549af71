// Loaded in <head> without defer, so that a saved theme is applied before the first paint.
import { applyTheme, readTheme } from "./modules/theme.js";

applyTheme(document, readTheme(window));
