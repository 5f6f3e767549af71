// The button that shows a password.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toggle } from "../js/modules/password-reveal.js";

test("the button shows the password and hides it again", () => {
  const input = { type: "password" };
  const button = {
    setAttribute(name, value) {
      this[name] = value;
    },
  };
  toggle(input, button);
  assert.deepEqual([input.type, button["aria-pressed"]], ["text", "true"]);
  toggle(input, button);
  assert.deepEqual([input.type, button["aria-pressed"]], ["password", "false"]);
});
