// node shoot.mjs --prometheus URL --dashboards DIR --out DIR [--only NAME,…] [--size WxH,…] [--moments FILE] [--at EPOCH] [--query 'var-x=y&kiosk'] [--light] [--full]
// --moments: a JSON list of {name, at, query?}; each dashboard is drawn at each of them. --full: the whole page besides the first screen.
// --serve: only serve, for a browser. Exit code 1 when a panel was not drawn, a query failed, or the browser complained.
import { chromium } from 'playwright-core';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

const report = {};
const wrong = [];
for (const [width, height] of sizes) for (const moment of moments) for (const name of names) {
  const page = await browser.newPage();
  await page.setViewportSize({ width, height });
  const said = new Set();
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) said.add(message.text().slice(0, 300)); });
  page.on('pageerror', (problem) => { said.add(`PAGE ${problem}`); });
  const asked = [`dashboard=${name}`, moment.at && `at=${moment.at}`, moment.query, argument('query'), flag('light') && 'theme=light'].filter(Boolean).join('&');
  await page.goto(`${server.address}/?${asked}`);
  try { await page.waitForFunction(() => window.__pending === 0, null, { timeout: 60000 }); } catch { said.add('panels were not ready after a minute'); }
  await page.waitForTimeout(500); // tables and legends are laid out once more
  const title = [name, moment.name, `${width}x${height}`].filter(Boolean).join('-');
  const file = path.join(out, `${title}.png`);
  await page.screenshot({ path: file });
  if (flag('full')) {
    await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
    await page.waitForTimeout(500);
    await page.screenshot({ path: file.replace('.png', '-full.png') });
  }
  const drawn = await page.evaluate(() => ({ loaded: window.__loaded, panels: window.__report ?? [], questions: window.__questions?.(), height: document.documentElement.scrollHeight }));
  report[title] = { ...drawn, cut: await page.evaluate(cut), said: [...said] };
  const failed = [...drawn.panels.filter((each) => each.error).map((each) => `${each.panel}: ${each.error}`), ...said];
  wrong.push(...failed.map((each) => `${title}: ${each}`));
  console.log(`${title}: ${drawn.questions} queries, ${drawn.panels.length} panels, ${drawn.height} px high`, failed.slice(0, 3).join(' | '));
  await page.close();
}
writeFileSync(path.join(out, `report${argument('suffix', '')}.json`), JSON.stringify(report, null, 1));
await browser.close();
rmSync(profile, { recursive: true, force: true });
server.close();
for (const each of wrong) console.error(each);
process.exit(wrong.length ? 1 : 0);
