// Audits pages with Lighthouse, as often as asked, and prints the scores and errors of each run as JSON.
// Takes one argument, JSON too: the addresses, categories, number of runs and the browser's path.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const { addresses, categories, runs, browser } = JSON.parse(process.argv[2]);
const chrome = await launch({
  chromePath: browser,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu"],
});
const results = [];

// On a busy machine Lighthouse misses its own page now and then, and asks to be run again.
async function audit(address, attempts = 3) {
  const flags = { port: chrome.port, onlyCategories: categories, logLevel: "error" };
  const { lhr } = await lighthouse(address, flags);
  return lhr.runtimeError && attempts > 1 ? audit(address, attempts - 1) : lhr;
}

try {
  for (const address of addresses) {
    for (let run = 0; run < runs; run++) {
      const lhr = await audit(address);
      const scores = {};
      const errors = lhr.runtimeError ? [lhr.runtimeError.message] : [];
      for (const { id, score, auditRefs } of Object.values(lhr.categories)) {
        scores[id] = Math.round(score * 100);
        for (const { weight, id: audit } of auditRefs) {
          const { score, scoreDisplayMode, title, errorMessage, displayValue } = lhr.audits[audit];
          if (weight && (scoreDisplayMode == "error" || (score !== null && score < 0.9))) {
            errors.push(`${id}: ${title}: ${errorMessage ?? displayValue ?? score}`);
          }
        }
      }
      results.push({ address, scores, errors });
    }
  }
} finally {
  chrome.kill();
}
console.log(JSON.stringify(results));
