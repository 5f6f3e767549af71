// What the tests look for in a page, loaded into each before its own scripts; tests/browser/visitors.py does it.

// Chromium puts most violations on the console, but not all.
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  console.error(`The policy's ${effectiveDirective} forbids ${blockedURI}`),
);

const show = (element, problem) => `${element.outerHTML.slice(0, 100)}: ${problem}`;
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
const colors = () => Promise.all(document.getAnimations().map((animation) => animation.finished));

window.inPage = {
  // What axe finds, once colors have come from one theme to the other.
  async findings(options) {
    await colors();
    const { violations } = await axe.run(document, options);
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} (${impact}) ${target}: ${failureSummary}`),
    );
  },

  // How many stops the Tab key has; of radio buttons with one name it stops at the chosen one.
  findStops() {
    const usable = "a[href], button, input, select, textarea, summary, [tabindex]";
    const isPassedBy = ({ type, checked, name }) =>
      type == "radio" && !checked && document.querySelector(`[name="${name}"]:checked`);
    window.stops = [...document.querySelectorAll(usable)].filter(
      (element) =>
        element.tabIndex >= 0 && !element.disabled && isSeen(element) && !isPassedBy(element),
    );
    return window.stops.length;
  },

  // The number of the stop that has the focus, and what is wrong with how that is shown.
  async lookAtFocus() {
    await colors();
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
      problems.push(show(element, `behind ${top?.outerHTML.slice(0, 100)}`));
    }
    return [window.stops.indexOf(element), problems];
  },

  // Text beyond the window or cut by its box, but for what scrolls by itself (tables may) or is for screen readers.
  findCutText() {
    const isOrIsIn = (element, test) => element && (test(element) || isOrIsIn(element.parentElement, test));
    const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
    const isUnseen = (element) =>
      element.matches(".visually-hidden, .skip-link, .skip-to-content-link") ||
      Math.abs(parseInt(getComputedStyle(element).textIndent)) > 1000;
    const cut = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text; (text = walker.nextNode()); ) {
      const box = text.parentElement;
      if (!text.data.trim() || !isSeen(box) || isOrIsIn(box, isUnseen) || isOrIsIn(box, scrolls)) {
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

  // What moves longer than an eye sees.
  findMovement() {
    const moves = ({ transitionDuration, animationDuration, scrollBehavior }) =>
      scrollBehavior == "smooth" ||
      `${transitionDuration}, ${animationDuration}`.split(", ").some((time) => parseFloat(time) > 0.01);
    return [...document.querySelectorAll("*")]
      .filter((element) => [null, "::before", "::after"].some((part) => moves(getComputedStyle(element, part))))
      .map((element) => show(element, "moves"));
  },

  // What keeps colors of its own where the system forces others, and buttons that nothing sets off from text.
  findOwnColors() {
    const keeps = (element) => getComputedStyle(element).forcedColorAdjust == "none";
    const hasNoEdge = (button) => parseFloat(getComputedStyle(button).borderBlockStartWidth) < 1;
    const buttons = [...document.querySelectorAll(".button")].filter(isSeen);
    return [
      ...[...document.querySelectorAll("*")].filter(keeps).map((element) => show(element, "own colors")),
      ...buttons.filter(hasNoEdge).map((button) => show(button, "no edge")),
    ];
  },
};
