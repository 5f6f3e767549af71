// The colour theme: what is remembered, and what is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { applyTheme, readTheme, saveTheme, themeColorMedia } from "../js/modules/theme.js";

function windowWith(stored = {}) {
  const values = new Map(Object.entries(stored));
  return {
    localStorage: {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => values.set(key, value),
    },
  };
}

const windowWithoutStorage = {
  get localStorage() {
    throw new Error("SecurityError");
  },
};

function documentWith(tags = []) {
  return { documentElement: { dataset: {} }, querySelectorAll: () => tags };
}

test("the theme is the system's until one is chosen", () => {
  assert.equal(readTheme(windowWith()), "system");
});

test("a chosen theme is remembered", () => {
  const window = windowWith();
  saveTheme(window, "dark");
  assert.equal(readTheme(window), "dark");
});

test("a stored value that is no theme is ignored", () => {
  assert.equal(readTheme(windowWith({ theme: "plaid" })), "system");
});

test("a browser without storage has the system's theme", () => {
  saveTheme(windowWithoutStorage, "dark");
  assert.equal(readTheme(windowWithoutStorage), "system");
});

test("the document carries a chosen theme and loses it with the system's", () => {
  const document = documentWith();
  applyTheme(document, "dark");
  assert.equal(document.documentElement.dataset.theme, "dark");
  applyTheme(document, "system");
  assert.equal("theme" in document.documentElement.dataset, false);
});

test("the browser's own bar takes the colour of the theme that is shown", () => {
  const light = { dataset: { theme: "light" } };
  const dark = { dataset: { theme: "dark" } };
  applyTheme(documentWith([light, dark]), "dark");
  assert.deepEqual([light.media, dark.media], ["not all", "all"]);
  assert.equal(themeColorMedia("light", "system"), "(prefers-color-scheme: light)");
});
