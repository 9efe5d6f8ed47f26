// Opens files in speedscope, as a user would: its page from npm, served on loopback, in headless
// Chromium. Prints as JSON which functions its table shows, and what went wrong.
// Usage: node speedscope_reader.cjs MODULES_DIR CHROMIUM FILE...   Called by conformance.py.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

const [modules, chromium, ...files] = process.argv.slice(2);
const {chromium: browsers} = require(path.join(modules, 'playwright-core'));
const site = path.join(modules, 'speedscope', 'dist', 'release');
const kTypes = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css'};

// The files of the site, and the profiles by their numbers.
function serve() {
  const server = http.createServer((request, response) => {
    const {pathname} = new URL(request.url, 'http://localhost');
    const profile = /^\/profile\/(\d+)\//.exec(pathname);
    const file = profile ? files[Number(profile[1])] : path.join(site, path.basename(pathname));
    if (file === undefined || !fs.existsSync(file)) return response.writeHead(404).end();
    const type = kTypes[path.extname(file)] || 'application/octet-stream';
    response.writeHead(200, {'Content-Type': type}).end(fs.readFileSync(file));
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

async function open(browser, port, number) {
  // High enough for every row: the table draws those in sight only.
  const page = await browser.newPage({viewport: {width: 1200, height: 8000}});
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('dialog', (dialog) => {
    problems.push(dialog.message());
    dialog.dismiss();
  });
  const file = files[number];
  const profile = `/profile/${number}/${path.basename(file)}`;
  await page.goto(`http://127.0.0.1:${port}/index.html#profileURL=${encodeURIComponent(profile)}`);
  let functions = [];
  try {
    await page.getByText('Sandwich').first().click({timeout: 120000});  // the view with a table
    await page.locator('td:visible', {hasText: '%'}).first().waitFor({timeout: 120000});
    const rows = await page.locator('tr:visible', {has: page.locator('td')}).allInnerTexts();
    functions = rows.map((row) => row.split('\t').pop().trim());  // total, self, name
  } catch (error) {
    problems.push(`${error}: ${(await page.locator('body').innerText()).slice(0, 300)}`);
  }
  await page.close();
  return {file, problems, functions};
}

async function main() {
  const server = await serve();
  const browser = await browsers.launch({executablePath: chromium, args: ['--no-sandbox']});
  const found = [];
  for (const number of files.keys()) found.push(await open(browser, server.address().port, number));
  await browser.close();
  server.close();
  console.log(JSON.stringify(found));
}

main();
