// Checks that run in a page. tests/browser/visitors.py loads this before the page's own scripts.

// Chromium logs most CSP violations to the console, but not all.
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  console.error(`The CSP's ${effectiveDirective} blocks ${blockedURI}`),
);

const show = (element, problem) => `${element.outerHTML.slice(0, 100)}: ${problem}`;
const isVisible = (element) => element.checkVisibility({ visibilityProperty: true });
const finishAnimations = () => Promise.all(document.getAnimations().map((animation) => animation.finished));

window.inPage = {
  // Return axe's violations, after the transition between themes.
  async findViolations(options) {
    await finishAnimations();
    const { violations } = await axe.run(document, options);
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} (${impact}) ${target}: ${failureSummary}`),
    );
  },

  // Return the number of tab stops; a group of radio buttons is one stop, at the checked one.
  findStops() {
    const focusable = "a[href], button, input, select, textarea, summary, [tabindex]";
    const isSkipped = ({ type, checked, name }) =>
      type == "radio" && !checked && document.querySelector(`[name="${name}"]:checked`);
    window.stops = [...document.querySelectorAll(focusable)].filter(
      (element) =>
        element.tabIndex >= 0 && !element.disabled && isVisible(element) && !isSkipped(element),
    );
    return window.stops.length;
  },

  // Return the index of the tab stop that has the focus, and problems with its focus indicator.
  async checkFocus() {
    await finishAnimations();
    const element = document.activeElement;
    const shown = element.matches(".visually-hidden") ? element.labels[0] : element;
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    const { x, y, width, height } = shown.getClientRects()[0];
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    const problems = [];
    if (outlineStyle == "none" || parseFloat(outlineWidth) < 1) {
      problems.push(show(element, "no outline"));
    }
    if (!shown.contains(top) && !top?.contains(shown)) {
      problems.push(show(element, `covered by ${top?.outerHTML.slice(0, 100)}`));
    }
    return [window.stops.indexOf(element), problems];
  },

  // Return text that overflows the window or is clipped, except in scrollable boxes and for screen readers.
  findCutText() {
    const matchesOrIsInside = (element, test) => element && (test(element) || matchesOrIsInside(element.parentElement, test));
    const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
    const isVisuallyHidden = (element) =>
      element.matches(".visually-hidden, .skip-link, .skip-to-content-link") ||
      Math.abs(parseInt(getComputedStyle(element).textIndent)) > 1000;
    const cut = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text; (text = walker.nextNode()); ) {
      const box = text.parentElement;
      if (!text.data.trim() || !isVisible(box) || matchesOrIsInside(box, isVisuallyHidden) || matchesOrIsInside(box, scrolls)) {
        continue;
      }
      const range = document.createRange();
      range.selectNodeContents(text);
      const isOutside = ({ left, right }) => left < -1 || right > innerWidth + 1;
      const clips = getComputedStyle(box).overflowX != "visible" && box.scrollWidth > box.clientWidth + 1;
      if (clips || [...range.getClientRects()].some(isOutside)) {
        cut.push(text.data.trim());
      }
    }
    const { scrollWidth } = document.documentElement;
    return scrollWidth > innerWidth ? [...cut, `${scrollWidth} pixels wide`] : cut;
  },

  // https://www.w3.org/TR/WCAG22/#text-spacing
  spaceText() {
    for (const { style } of document.querySelectorAll("body *")) {
      style.setProperty("line-height", "1.5", "important");
      style.setProperty("letter-spacing", "0.12em", "important");
      style.setProperty("word-spacing", "0.16em", "important");
    }
  },

  // Return elements with a perceptible transition, animation or smooth scrolling.
  findMovement() {
    const moves = ({ transitionDuration, animationDuration, scrollBehavior }) =>
      scrollBehavior == "smooth" ||
      `${transitionDuration}, ${animationDuration}`.split(", ").some((time) => parseFloat(time) > 0.01);
    return [...document.querySelectorAll("*")]
      .filter((element) => [null, "::before", "::after"].some((part) => moves(getComputedStyle(element, part))))
      .map((element) => show(element, "moves"));
  },

  // Return elements that ignore forced colors, and buttons without a border.
  findOwnColors() {
    const keeps = (element) => getComputedStyle(element).forcedColorAdjust == "none";
    const hasNoBorder = (button) => parseFloat(getComputedStyle(button).borderBlockStartWidth) < 1;
    const buttons = [...document.querySelectorAll(".button")].filter(isVisible);
    return [
      ...[...document.querySelectorAll("*")].filter(keeps).map((element) => show(element, "own colors")),
      ...buttons.filter(hasNoBorder).map((button) => show(button, "no border")),
    ];
  },
};
