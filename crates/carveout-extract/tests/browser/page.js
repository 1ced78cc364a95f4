// Plays the pages of a boundary report in Chromium: node page.js CHROMIUM FOLDER
//
// The folder has sample.html, linked.html, hostile.html and big.html (tests/it/output/sample.rs). Each
// part prints its name; the first thing that is not as it should be ends the play with an error.
'use strict';
const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { chromium } = require('playwright-core');
const { contrasts } = require('./contrast.js');

const [executablePath, folder] = process.argv.slice(2);
// No sandbox, since tests may run as root; nothing in the background, which would ask the network.
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const parts = {
  async 'the first screen says what it is'({ page }) {
    assert.equal(await page.textContent('h1'), 'shop::mail');
    assert.match(await page.textContent('.verdict'), /^18 functions are used from outside: 14\sbecome calls/);
    assert.match(await page.textContent('#gaps'), /Not seen: 2 items that the macro/);
    assert.equal(await page.locator('.node').count(), 12);
    assert.equal(await page.locator('.cut line').count(), 2);
  },

  async 'hovering lights what belongs together, with counts'({ page }) {
    await page.hover('.node.in[data-module="shop::organizations"]');
    assert.equal(await page.textContent('#caption'), 'shop::organizations uses it in 6 places');
    assert.deepEqual(await texts(page, '.node.lit title'), ['shop::organizations uses it in 6 places',
      'shop::mail is cut out; the cut is crossed in 88 places']);
    assert.equal(await page.locator('.edge.lit').count(), 1);
    await page.hover('h1');
    assert.equal(await page.locator('.lit').count(), 0);
    assert.equal(await page.textContent('#caption'), '');
  },

  async 'a line shows its places'({ page }) {
    await page.locator('.edge', { hasText: 'shop::jobs::nightly → shop::mail: 2 places' }).locator('.reach').dispatchEvent('click');
    assert.equal(await page.textContent('#panel-title'), 'shop::jobs::nightly → shop::mail');
    assert.deepEqual(await texts(page, '#panel .place'), ['src/jobs/nightly.rs:12', 'src/jobs/nightly.rs:19']);
  },

  async 'a function is clicked through to file and line'({ page, context }) {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await row(page, 'send_digest').click();
    assert.match(await page.textContent('#panel'), /Needs an edit first.*&mut Transaction.*fetch the rows/);
    const place = page.locator('#panel .place', { hasText: 'src/jobs/nightly.rs:19' });
    await place.click();
    await page.waitForSelector('#panel .place.copied');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'src/jobs/nightly.rs:19');
    await page.click('#close');
    assert.equal(await page.isVisible('#panel'), false);
  },

  async 'the filter takes words and dispositions'({ page }) {
    await page.fill('#filter', 'checkout');
    assert.deepEqual(await texts(page, '.node.in text:not(.weight)'), ['shop::orders::checkout']);
    assert.equal(await page.textContent('#matches'), '7 of 92 places');
    assert.deepEqual(await texts(page, '#tables section:first-child tbody td:first-child'), ['send_receipt']);
    await page.fill('#filter', 'no such thing');
    assert.equal(await page.textContent('#matches'), '0 of 92 places');
    await page.fill('#filter', '');
    await page.click('.chip[data-kind=blocked]');
    assert.deepEqual(await texts(page, '#tables section:first-child tbody td:first-child'), ['send_digest']);
    assert.deepEqual(await texts(page, '.node.in text:not(.weight)'), ['shop::jobs::nightly']);
    await page.click('.chip[data-kind=shared]');
    assert.equal(await page.locator('#tables section:first-child tbody tr').count(), 2);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.node').count(), 12);
  },

  async 'columns sort both ways'({ page }) {
    const heading = page.locator('#tables section:first-child th', { hasText: 'Uses' });
    const column = () => texts(page, '#tables section:first-child td[data-title=Uses]');
    await heading.locator('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    assert.deepEqual((await column()).slice(0, 4), ['11', '7', '5', '2']);
    await heading.locator('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual((await column()).slice(-2), ['7', '11']);
  },

  async 'the keyboard alone gets to a file and line'({ page }) {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.keyboard.press('/');
    assert.equal(await focused(page), 'filter');
    await page.keyboard.type('mail/');
    assert.equal(await page.inputValue('#filter'), 'mail/');
    await page.keyboard.press('Escape');
    assert.equal(await page.inputValue('#filter'), '');
    for (let i = 0; i < 6; i++) await page.keyboard.press('Tab');
    const node = () => page.evaluate(() => document.activeElement.dataset.module);
    assert.equal(await node(), 'shop::api::accounts');
    const ring = () => page.evaluate(() => getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth);
    assert.equal(await ring(), '3px');
    await page.keyboard.press('ArrowDown');
    assert.equal(await node(), 'shop::orders::checkout');
    await page.keyboard.press('ArrowRight');
    assert.equal(await node(), 'shop::mail');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    assert.equal(await node(), 'shop::db');
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'panel-title');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'src/mail/outbox.rs:12');
    await page.keyboard.press('Escape');
    assert.equal(await node(), 'shop::db');
    // One stop of the Tab key for the whole picture.
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.closest('th')?.textContent), 'Function');
  },

  async 'places are links if it was made with a prefix'({ page, open }) {
    await open('linked');
    const link = page.locator('a.place').first();
    assert.equal(await link.textContent(), 'src/mail.rs:240');
    assert.equal(await link.getAttribute('href'), 'https://example.com/blob/main/src/mail.rs#L240');
  },

  async 'names are names and nothing else'({ page, open }) {
    page.on('dialog', () => assert.fail('a name was run'));
    await open('hostile');
    assert.equal(await page.textContent('h1'), 'shop::mail + shop::</script ><img src=x onerror=alert(3)>');
    assert.equal(await page.locator('img, b, script:not(:nth-last-of-type(-n+2))').count(), 0);
    const labels = await texts(page, '.node.in title');
    assert.ok(labels.includes('shop::<script>alert(1)</script> uses it in 3 places'), labels.join('\n'));
    await page.locator('.node.in[data-module*="<script>"]').click();
    assert.match(await page.textContent('#panel'), /"quoted" onload='alert\(2\)' \{\{data\}\}/);
    assert.match(await page.textContent('#gaps'), /approximate.*<!-- <script>/);
  },

  async 'a big report is drawn in part, and says so'({ page, open }) {
    const started = Date.now();
    await open('big');
    assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms`);
    assert.equal(await page.locator('.node.in').count(), 14);
    const others = page.locator('.node.others');
    assert.equal(await others.getAttribute('aria-label'), '293 other modules use it in 1,855 places');
    await others.click();
    await page.locator('#panel .more', { hasText: 'Show all' }).first().click();
    const shown = await page.locator('#panel .place').count();
    assert.ok(shown > 100, shown);
    await page.keyboard.press('Escape');
    // What the picture left out is found by the filter.
    await page.fill('#filter', 'feature_299');
    assert.deepEqual(await texts(page, '.node.in text:not(.weight)'), ['shop::features::area_5::feature_299']);
  },

  async 'text can be read in light and in dark'({ page }) {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.click('.chip[data-kind=rpc]');
      await row(page, 'send_invite').click();
      const found = await page.evaluate(contrasts);
      assert.ok(found.length > 60, found.length);
      const bad = found.filter(({ ratio }) => ratio < 4.5);
      assert.deepEqual(bad, [], colorScheme);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
    }
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(paper, 'rgb(20, 23, 26)');
  },

  async 'a narrow page does not scroll sideways'({ page, open }) {
    for (const name of ['sample', 'hostile', 'big']) {
      for (const width of [320, 360, 640, 1024]) {
        await page.setViewportSize({ width, height: 740 });
        await open(name);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${name} at ${width}: ${wide}`);
        const outside = await page.evaluate(() => [...document.querySelectorAll('main *, header *')]
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('title')).map((e) => e.outerHTML.slice(0, 90)));
        assert.deepEqual(outside, [], `${name} at ${width}`);
      }
    }
  },

  async 'the picture follows the window'({ page }) {
    const columns = () => page.evaluate(() => new Set([...document.querySelectorAll('.node rect')].map((r) => r.getAttribute('x'))).size);
    assert.equal(await columns(), 3);
    await page.setViewportSize({ width: 400, height: 900 });
    await page.waitForFunction(() => document.querySelector('#graph svg').clientWidth < 400);
    assert.equal(await columns(), 1);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.waitForFunction(() => document.querySelector('#graph svg').clientWidth > 1000);
    assert.equal(await columns(), 3);
  },

  async 'paper has everything'({ page, open }) {
    await open('big');
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    assert.equal(await page.isVisible('#filter'), false);
    assert.equal(await page.locator('#tables .more:visible').count(), 0);
  },
};

const texts = (page, selector) => page.locator(selector).allTextContents();
const row = (page, name) => page.getByRole('table', { name: 'Functions' }).getByRole('button', { name });
const focused = (page) => page.evaluate(() => document.activeElement.id);

async function play(browser, name, part) {
  const started = Date.now();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  const open = (file) => page.goto(pathToFileURL(path.join(folder, `${file}.html`)).href);
  await open('sample');
  await part({ page, context, open });
  assert.deepEqual(complaints, [], 'the console is silent');
  const strange = requests.filter((url) => !url.startsWith('file:') || !url.endsWith('.html'));
  assert.deepEqual(strange.filter((url) => url !== 'data:,'), [], 'nothing is fetched');
  await context.close();
  console.log(`${name}: ${Date.now() - started} ms`);
}

// A page whose script never ends would hold everything up: nothing else here has no time-out.
setTimeout(() => {
  console.error('the play does not end');
  process.exit(1);
}, 240_000).unref();

async function main() {
  const browser = await chromium.launch({ executablePath, args, timeout: 60_000 });
  try {
    for (const [name, part] of Object.entries(parts)) {
      await play(browser, name, part).catch((error) => { throw new Error(`${name}: ${error.stack}`); });
    }
  } finally {
    await browser.close();
  }
  console.log('all played');
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
