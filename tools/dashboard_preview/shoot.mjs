// node shoot.mjs --prometheus URL --dashboards DIR --out DIR [--only NAME,…] [--size WxH,…] [--moments FILE] [--at EPOCH] [--query 'var-x=y&kiosk'] [--light] [--full] [--missing]
// --moments: a JSON list of {name, at, query?}; each dashboard is drawn at each of them. --full: the whole page besides the first screen.
// --missing: only pictures that report.json does not have, or has something wrong of. A picture that fails is taken once more.
// --serve: only serve, for a browser. Exit code 1 when a panel was not drawn, a query failed, or the browser complained.
import { chromium } from 'playwright-core';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serve } from './serve.mjs';

const argument = (name, fallback) => { const place = process.argv.indexOf(`--${name}`); return place < 0 ? fallback : process.argv[place + 1]; };
const flag = (name) => process.argv.includes(`--${name}`);
const dashboards = path.resolve(argument('dashboards', '../../grafana/dashboards'));
const server = await serve({ prometheus: argument('prometheus', 'http://127.0.0.1:9090'), dashboards, port: Number(argument('port', 0)) });
if (flag('serve')) { console.log(`${server.address}/?dashboard=live-giveaway`); await new Promise(() => {}); }
const out = path.resolve(argument('out', '../../build/dashboards'));
mkdirSync(out, { recursive: true });
const sizes = argument('size', '1920x1080').split(',').map((size) => size.split('x').map(Number));
const all = readdirSync(dashboards).filter((each) => each.endsWith('.json')).map((each) => each.slice(0, -5)).sort();
const names = argument('only') ? argument('only').split(',') : all;
const moments = argument('moments') ? JSON.parse(readFileSync(argument('moments'))) : [{ name: '', at: argument('at') }];
const profile = mkdtempSync(path.join(tmpdir(), 'dashboards-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: argument('browser', '/usr/bin/chromium'), headless: true, timezoneId: argument('zone', 'UTC'), locale: 'en-GB',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/** Texts that do not fit where they stand: [panel, text]. Charts have legends that scroll, tables rows: those are looked at by people. */
const cut = () => [...document.querySelectorAll('[data-panel]')].flatMap((panel) => {
  const found = [];
  const frame = panel.getBoundingClientRect();
  for (const each of panel.querySelectorAll('*')) {
    const text = [...each.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join('');
    if (!text || !each.getClientRects().length) continue;
    const box = each.getBoundingClientRect();
    const style = getComputedStyle(each);
    const clipped = style.overflow !== 'visible' && each.scrollWidth > each.clientWidth + 4; // a name that is measured some pixels short is whole
    const outside = box.right > frame.right + 1 || box.left < frame.left - 1;
    if (clipped || outside) found.push([panel.dataset.panel, text.slice(0, 60), each.scrollWidth - each.clientWidth]);
  }
  return found;
});

const PATIENCE_MS = 180_000; // for one dashboard, on a machine that does something else besides

async function picture(title, asked, width, height) {
  const page = await browser.newPage();
  await page.setViewportSize({ width, height });
  const said = new Set();
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) said.add(message.text().slice(0, 300)); });
  page.on('pageerror', (problem) => { said.add(`PAGE ${problem}`); });
  try {
    await page.goto(`${server.address}/?${asked}`, { timeout: PATIENCE_MS });
    await page.waitForFunction(() => window.__pending === 0, null, { timeout: PATIENCE_MS });
  } catch { said.add(`panels were not ready after ${PATIENCE_MS / 1000} s`); }
  await page.evaluate(() => document.fonts.ready.then(() => true));
  await page.waitForTimeout(500); // tables and legends are laid out once more
  const file = path.join(out, `${title}.png`);
  await page.screenshot({ path: file, timeout: PATIENCE_MS });
  if (flag('full')) {
    await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
    await page.waitForTimeout(500);
    await page.screenshot({ path: file.replace('.png', '-full.png'), timeout: PATIENCE_MS });
  }
  const drawn = await page.evaluate(() => ({ loaded: window.__loaded, panels: window.__report ?? [], questions: window.__questions?.(), height: document.documentElement.scrollHeight }));
  const seen = { ...drawn, cut: await page.evaluate(cut), said: [...said] };
  await page.close();
  return seen;
}

const wrongOf = (seen) => [...seen.panels.filter((each) => each.error).map((each) => `${each.panel}: ${each.error}`), ...seen.said];
const reported = path.join(out, `report${argument('suffix', '')}.json`);
const report = existsSync(reported) ? JSON.parse(readFileSync(reported)) : {};
const wrong = [];
for (const [width, height] of sizes) for (const moment of moments) for (const name of names) {
  const title = [name, moment.name, `${width}x${height}`].filter(Boolean).join('-');
  if (flag('missing') && report[title] && !wrongOf(report[title]).length && existsSync(path.join(out, `${title}.png`))) continue;
  const asked = [`dashboard=${name}`, moment.at && `at=${moment.at}`, moment.query, argument('query'), flag('light') && 'theme=light'].filter(Boolean).join('&');
  let seen = await picture(title, asked, width, height);
  if (wrongOf(seen).length) seen = await picture(title, asked, width, height);
  report[title] = seen;
  writeFileSync(reported, JSON.stringify(report, null, 1)); // each: what was drawn so far outlives an end
  const failed = wrongOf(seen);
  wrong.push(...failed.map((each) => `${title}: ${each}`));
  console.log(`${title}: ${seen.questions} queries, ${seen.panels.length} panels, ${seen.height} px high`, failed.slice(0, 3).join(' | '));
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
server.close();
for (const each of wrong) console.error(each);
process.exit(wrong.length ? 1 : 0);
