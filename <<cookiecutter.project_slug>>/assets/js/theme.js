// Loaded in <head> without defer, so that a remembered theme is there before the first paint.
import { applyTheme, readTheme } from "./modules/theme.js";

applyTheme(document, readTheme(window));
