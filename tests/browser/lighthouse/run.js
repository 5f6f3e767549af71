// Audit pages with Lighthouse, several times each, and print the scores and errors of each run as JSON.
// The one argument is JSON, too: the URLs, the categories, the number of runs and the browser's path.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const { urls, categories, runs, browser } = JSON.parse(process.argv[2]);
const chrome = await launch({
  chromePath: browser,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu"],
});
const results = [];

// On a busy machine Lighthouse occasionally fails with a runtime error and has to be run again.
async function audit(url, attempts = 3) {
  const flags = { port: chrome.port, onlyCategories: categories, logLevel: "error" };
  const { lhr } = await lighthouse(url, flags);
  return lhr.runtimeError && attempts > 1 ? audit(url, attempts - 1) : lhr;
}

try {
  for (const url of urls) {
    for (let run = 0; run < runs; run++) {
      const lhr = await audit(url);
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
      results.push({ url, scores, errors });
    }
  }
} finally {
  chrome.kill();
}
console.log(JSON.stringify(results));
