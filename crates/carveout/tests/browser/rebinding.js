// What a page of another site gets from the admin port, in a real browser.
//
//   node rebinding.js CHROMIUM ADMIN_PORT
//
// Every name under .example resolves to 127.0.0.1, as an attacker's does after DNS rebinding. Prints one
// line of JSON: for each request what the page could read of its answer, or null.
const http = require('http');
const { chromium } = require('playwright-core');

const [executablePath, port] = process.argv.slice(2);
const READ = ['/admin/config', '/admin/slow', '/admin/log-level', '/debug/pprof/heap', '/metrics', '/readyz'];
const ONE_MINUTE = 60_000;

// Runs inside a page: reads each path of `base`, and posts to it.
async function ask([base, paths]) {
  const read = async (path, init) => {
    try {
      const answer = await fetch(base + path, init);
      return answer.status;
    } catch {
      return null;
    }
  };
  const said = {};
  for (const path of paths) said[path] = await read(path);
  said.post = await read('/admin/log-level?filter=trace&for=4h', { method: 'POST' });
  said.blind = await read('/admin/log-level?filter=trace&for=4h', { method: 'POST', mode: 'no-cors' });
  return said;
}

// A form of the page that is shown, sent to `action`: its answer is a page of its own.
async function submit(page, action) {
  await page.setContent(`<form method=post action="${action}"><button>win</button></form>`);
  const [answer] = await Promise.all([
    page.waitForResponse((answer) => answer.url().startsWith(action.split('?')[0])),
    page.click('button'),
  ]);
  return answer.status();
}

async function main() {
  // The attacker's own server, on another port.
  const evil = http.createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<p>evil'));
  await new Promise((done) => evil.listen(0, '127.0.0.1', done));
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--host-resolver-rules=MAP *.example 127.0.0.1'],
    timeout: ONE_MINUTE,
  });
  const page = await browser.newPage();
  const rebound = `http://rebound.example:${port}`;
  const set = '/admin/log-level?filter=trace&for=4h';
  const said = {};
  // The name of the page is that of the port: the same origin.
  said.landing = (await page.goto(rebound + '/livez')).status();
  said.rebound = await page.evaluate(ask, [rebound, READ]);
  // Another site's page, and the port by a name, its address and localhost.
  for (const [name, target] of [
    ['named', rebound],
    ['address', `http://127.0.0.1:${port}`],
    ['localhost', `http://localhost:${port}`],
  ]) {
    await page.goto(`http://evil.example:${evil.address().port}/`);
    said[name] = await page.evaluate(ask, [target, READ]);
    said[name].form = await submit(page, target + set);
  }
  // A page without an origin.
  await page.goto('data:text/html,<p>nobody');
  said.opaque = { form: await submit(page, `http://127.0.0.1:${port}` + set) };
  // Without a browser: what is in force after all this.
  said.level = await (await fetch(`http://127.0.0.1:${port}/admin/log-level`)).text();
  // Whoever sits at this machine opens pages.
  said.own = {};
  for (const path of ['/livez', '/metrics', '/admin/slow']) {
    said.own[path] = (await page.goto(`http://localhost:${port}${path}`)).status();
  }
  said.own.post = (await page.evaluate(ask, [`http://localhost:${port}`, []])).post;
  console.log(JSON.stringify(said));
  await browser.close();
  evil.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
