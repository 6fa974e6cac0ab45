#!/usr/bin/env bash
# Opens a page of `atrous report` in headless Chromium, wide and narrow, light and dark, and on paper, and fails on: console
# messages, errors, requests, pictures that do not load, a page that is wider than its screen, links that lead nowhere, and
# a first Tab that does not reach the skip link.
#
#     scripts/check_report.sh FILE.html [FOLDER_FOR_SCREENSHOTS]
#
# Needs Node with npm, and Chromium (CHROMIUM, default /usr/bin/chromium). Fetches playwright-core into a temporary folder, or
# uses the one in PLAYWRIGHT, a folder with node_modules.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
page=$(realpath "$1")
shots=${2:-}
[ -z "$shots" ] || { mkdir -p "$shots"; shots=$(realpath "$shots"); }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
modules=${PLAYWRIGHT:-}
if [ -z "$modules" ]; then
    npm install --silent --no-audit --no-fund --prefix "$work" playwright-core@1.65.1
    modules=$work
fi

cat >"$work/check.cjs" <<'CHECK'
const [modules, page, shots, executablePath] = process.argv.slice(2);
const { chromium } = require(require("node:path").join(modules, "node_modules", "playwright-core"));
const address = require("node:url").pathToFileURL(page).href;
const views = [
  { name: "phone-light", width: 390, height: 844, colorScheme: "light" },
  { name: "phone-dark", width: 390, height: 844, colorScheme: "dark" },
  { name: "narrow-light", width: 320, height: 640, colorScheme: "light" },
  { name: "desktop-light", width: 1200, height: 900, colorScheme: "light" },
  { name: "desktop-dark", width: 1200, height: 900, colorScheme: "dark" },
];
const problems = [];

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
  const found = await tab.evaluate(() => ({
    pictures: document.images.length,
    plots: document.querySelectorAll("svg.plot").length,
    broken: [...document.images].filter((image) => !image.complete || image.naturalWidth === 0).map((image) => image.alt),
    nameless: [...document.images].filter((image) => !image.alt).length +
      [...document.querySelectorAll("svg.plot")].filter((plot) => !plot.getAttribute("aria-label")).length,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    dead: [...document.querySelectorAll("a[href^='#']")].map((link) => link.getAttribute("href").slice(1))
      .filter((id) => !document.getElementById(id)),
  }));
  if (found.plots === 0) problems.push(`${name}: no plot`);
  if (found.nameless > 0) problems.push(`${name}: ${found.nameless} pictures without a text`);
  for (const text of found.broken) problems.push(`${name}: a picture does not load: ${text}`);
  for (const id of found.dead) problems.push(`${name}: a link leads nowhere: #${id}`);
  if (found.wide > 0) problems.push(`${name}: the page is ${found.wide} pixels wider than its screen of ${width}`);
  await tab.keyboard.press("Tab");
  const focused = await tab.evaluate(() => document.activeElement.className);
  if (focused !== "skip") problems.push(`${name}: the first Tab reaches "${focused}", not the skip link`);
  await tab.evaluate(() => document.activeElement.blur());
  if (shots) await tab.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  if (shots && name === "desktop-light") await tab.pdf({ path: `${shots}/print.pdf`, format: "A4" });
  await context.close();
  return `${name}: ${found.pictures} pictures, ${found.plots} plots`;
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
node "$work/check.cjs" "$modules" "$page" "$shots" "${CHROMIUM:-/usr/bin/chromium}"
echo "the page is sound"
