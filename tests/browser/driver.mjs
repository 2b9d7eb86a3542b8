// A Chromium that does what it is told on standard input, a JSON array a line:
// [command, argument, ...]. Answers with {"value": ...} or {"error": "..."}, a
// line each. tests/browser.py has the words for people.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const web = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = web("playwright-core");
const axe = readFileSync(web.resolve("axe-core/axe.min.js"), "utf8");

const PATIENCE_MS = 60_000; // an instrumented daemon on a busy machine

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});
let page = null;
let errors = [];

const commands = {
  async open(url, { width, height, dark, password }) {
    await page?.context().close();
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
      ...(password ? { httpCredentials: { username: "anybody", password } }
                   : {}),
    });
    page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    errors = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        errors.push(message.text());
      }
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    const response = await page.goto(url, { waitUntil: "domcontentloaded" });
    return response.status();
  },
  // Until the element has this text (a regular expression).
  async wait(selector, text, patience = PATIENCE_MS) {
    await page.waitForFunction(([where, wanted]) =>
      [...document.querySelectorAll(where)].some((found) =>
        found.checkVisibility() && new RegExp(wanted).test(found.innerText)),
      [selector, text], { polling: 50, timeout: patience });
  },
  async gone(selector) {
    await page.waitForSelector(selector, { state: "hidden" });
  },
  // Until nothing is a skeleton any more.
  async settled() {
    await page.waitForFunction(
      () => document.querySelector("[aria-busy]") === null);
  },
  async text(selector) {
    return page.innerText(selector);
  },
  async count(selector) {
    return page.locator(selector).count();
  },
  async click(selector) {
    await page.click(selector);
  },
  async type(selector, text) {
    await page.fill(selector, text);
    await page.press(selector, "Enter");
  },
  async press(selector, ...keys) {
    for (const key of keys) await page.press(selector, key);
  },
  async focused() {
    return page.evaluate(() => document.activeElement?.id ?? "");
  },
  async tab() {
    await page.keyboard.press("Tab");
  },
  async shot(path, whole) {
    await page.screenshot({ path, fullPage: whole });
  },
  // Wider than the window: something would have to be scrolled sideways.
  async overflow() {
    return page.evaluate(() =>
      document.documentElement.scrollWidth - window.innerWidth);
  },
  // The lowest edge of the element, from the top of the page.
  async bottom(selector) {
    const box = await page.locator(selector).boundingBox();
    return box.y + box.height;
  },
  async ask(path) {
    return page.evaluate(async (asked) => (await fetch(asked)).status, path);
  },
  async violations() {
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    return found.violations.map((one) => `${one.id}: ${one.help}: ` +
      one.nodes.map((node) => node.html.slice(0, 160)).join(" | "));
  },
  async errors() {
    return errors.splice(0);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = JSON.parse(line);
  let answer;
  try {
    answer = { value: await commands[name](...rest) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
