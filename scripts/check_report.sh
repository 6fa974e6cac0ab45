#!/usr/bin/env bash
# Opens a page of `atrous report` in headless Chromium at 360, 768, 1280 and 1920 pixels, light and dark, and on paper. It fails on:
# console messages, errors, requests, pictures that do not load, a page that is wider than its screen, labels of plots that reach
# into each other, links that lead nowhere, a first Tab that does not reach the skip link, and what axe-core finds (contrast among
# it), with everything opened that can be.
#
#     scripts/check_report.sh FILE.html [FOLDER_FOR_SCREENSHOTS [FOLDER_OF_EARLIER_ONES]]
#
# With earlier screenshots, one that differs in more than 1 pixel of 200 is named, and nothing fails for it: look at both.
# Needs Node with npm, and Chromium (CHROMIUM, default /usr/bin/chromium): 3 where they are not there. Fetches what it needs from npm
# into a temporary folder, or uses the folder in PLAYWRIGHT, which has node_modules.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }
browser=${CHROMIUM:-/usr/bin/chromium}
for need in node npm "$browser"; do
    command -v "$need" >/dev/null || { echo "no $need: the page was not looked at" >&2; exit 3; }
done
page=$(realpath "$1")
shots=${2:-}
[ -z "$shots" ] || { mkdir -p "$shots"; shots=$(realpath "$shots"); }
earlier=${3:+$(realpath "$3")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
modules=${PLAYWRIGHT:-}
if [ -z "$modules" ]; then
    npm install --silent --no-audit --no-fund --prefix "$work" playwright-core@1.65.1 axe-core@4 pixelmatch@5 pngjs@7 ||
        { echo "npm has no axe-core to give: the page was not looked at" >&2; exit 3; }
    modules=$work
fi

cat >"$work/check.cjs" <<'CHECK'
const [modules, page, shots, earlier, executablePath] = process.argv.slice(2);
const path = require("node:path");
const fs = require("node:fs");
const load = (name) => require(path.join(modules, "node_modules", name));
const { chromium } = load("playwright-core");
const axe = fs.readFileSync(path.join(modules, "node_modules", "axe-core", "axe.min.js"), "utf8");
const address = require("node:url").pathToFileURL(page).href;
const views = [360, 768, 1280, 1920].flatMap((width) =>
  ["light", "dark"].map((colorScheme) => ({ name: `${width}-${colorScheme}`, width, height: width < 500 ? 780 : 1000, colorScheme })));
const problems = [];

// What is wrong with the page as it is laid out now.
function measure() {
  const box = (text) => text.getBoundingClientRect();
  const seen = (text) => box(text).width > 0;
  const collisions = [];
  for (const plot of document.querySelectorAll("svg.plot")) {
    const texts = [...plot.querySelectorAll("text")].filter(seen);
    texts.forEach((one, index) => texts.slice(index + 1).forEach((other) => {
      const [a, b] = [box(one), box(other)];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // A line's box is higher than its letters.
      if (across > 1 && down > 0.35 * Math.min(a.height, b.height)) {
        collisions.push(`${one.textContent.trim()} | ${other.textContent.trim()}`);
      }
    }));
  }
  return {
    pictures: document.images.length,
    plots: document.querySelectorAll("svg.plot").length,
    broken: [...document.images].filter((image) => !image.complete || image.naturalWidth === 0).map((image) => image.alt),
    nameless: [...document.images].filter((image) => !image.alt).length +
      [...document.querySelectorAll("svg.plot")].filter((plot) => !plot.getAttribute("aria-label")).length,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    dead: [...document.querySelectorAll("a[href^='#']")].map((link) => link.getAttribute("href").slice(1))
      .filter((id) => !document.getElementById(id)),
    collisions,
  };
}

function compare(name, file) {
  const before = path.join(earlier, `${name}.png`);
  if (!earlier || !fs.existsSync(before)) return;
  const { PNG } = load("pngjs");
  const [a, b] = [before, file].map((file) => PNG.sync.read(fs.readFileSync(file)));
  if (a.width !== b.width || a.height !== b.height) return console.log(`${name}: another size than before`);
  const different = load("pixelmatch")(a.data, b.data, null, a.width, a.height, { threshold: 0.1 });
  const share = different / (a.width * a.height);
  console.log(`${name}: ${(100 * share).toFixed(2)} % of the pixels differ from before${share > 0.005 ? ": LOOK" : ""}`);
}

async function look(browser, { name, width, height, colorScheme }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const tab = await context.newPage();
  tab.on("console", (message) => problems.push(`${name}: console: ${message.text()}`));
  tab.on("pageerror", (error) => problems.push(`${name}: ${error}`));
  tab.on("request", (request) => {
    const url = request.url();
    if (url !== address && !url.startsWith("data:")) problems.push(`${name}: request for ${url}`);
  });
  await tab.goto(address, { waitUntil: "load" });
  await tab.keyboard.press("Tab");
  const focused = await tab.evaluate(() => document.activeElement.className);
  if (focused !== "skip") problems.push(`${name}: the first Tab reaches "${focused}", not the skip link`);
  await tab.evaluate(() => document.activeElement.blur());
  if (shots) {
    const file = path.join(shots, `${name}.png`);
    await tab.screenshot({ path: file, fullPage: true });
    compare(name, file);
    if (name === "1280-light") await tab.pdf({ path: `${shots}/print.pdf`, format: "A4" });
  }
  let found;
  for (const opened of [false, true]) {
    if (opened) await tab.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
    found = await tab.evaluate(measure);
    const where = `${name}${opened ? ", all opened" : ""}`;
    if (found.plots === 0) problems.push(`${where}: no plot`);
    if (found.nameless > 0) problems.push(`${where}: ${found.nameless} pictures without a text`);
    for (const text of found.broken) problems.push(`${where}: a picture does not load: ${text}`);
    for (const id of found.dead) problems.push(`${where}: a link leads nowhere: #${id}`);
    if (found.wide > 0) problems.push(`${where}: the page is ${found.wide} pixels wider than its screen of ${width}`);
    for (const pair of found.collisions) problems.push(`${where}: labels collide: ${pair}`);
  }
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, nodes } of violations) {
    problems.push(`${name}: axe ${id}: ${nodes.length} places, the first is ${nodes[0].html.slice(0, 120)}`);
  }
  await context.close();
  return `${name}: ${found.pictures} pictures, ${found.plots} plots, ${violations.length} findings of axe`;
}

(async () => {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  for (const view of views) console.log(await look(browser, view));
  await browser.close();
  for (const problem of problems) console.error(problem);
  process.exit(problems.length > 0 ? 1 : 0);
})();
CHECK
node "$work/check.cjs" "$modules" "$page" "$shots" "$earlier" "$browser"
echo "the page is sound"
