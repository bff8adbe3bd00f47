// Takes the pictures of docs/console.md: starts the demo's processes in an empty folder, lets some traffic run, and
// photographs the pages with Chromium. node scripts/console-pictures.mjs [folder] [light|dark] [width]
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from './install.mjs';

const [folder = join(root, 'docs', 'console'), theme = 'light', width = '1440'] = process.argv.slice(2);

const { buildConsole } = await import('./build-console.mjs');
await buildConsole();
await import('./typescript.mjs');
const { default: pino } = await import('pino');
const { readConfig } = await import('../src/config.ts');
const { startService } = await import('../src/service.ts');
const { startPartner } = await import('../src/cli/partner-service.ts');
const { chromium } = await import('playwright-core');

const data = mkdtempSync(join(tmpdir(), 'console-pictures-'));
const partner = await startPartner({ port: 0 });
const env = { PORT: '0', DATA_DIR: data, PARTNER_URL: partner.url, LOG_LEVEL: 'silent' };
const service = await startService(readConfig(env), pino({ level: 'silent' }), env);
const { url } = service;

async function start(processKey, correlationId, variables, prefer = 'respond-async') {
  await fetch(`${url}/api/process/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer },
    body: JSON.stringify({ processKey, correlationId, variables }),
  });
}

const user = (id, name) => start('onboard-user', `user-${id}`, { userId: String(id), email: `${name}@example.com` }, 'wait=20');
const NAMES = ['ada', 'grace', 'refused', 'edsger', 'barbara', 'taken', 'alan', 'flaky', 'katherine', 'down', 'margaret', 'tim'];

await Promise.all(
  Array.from({ length: 96 }, (_, at) => user(4_700 + at, `${NAMES[at % NAMES.length]}`)),
);
for (let at = 0; at < 6; at++) {
  await start('approve-purchase', `purchase-${310 + at}`, {
    purchaseId: String(310 + at), item: ['A desk', 'A chair', 'A lamp'][at % 3], amount: 120 + 40 * at, requestedBy: 'Kim',
  });
  await start('fulfil-order', `order-${at + 9_001}`, {
    orderId: String(at + 9_001), items: [{ sku: 'book', quantity: at + 1 }], amount: at === 4 ? 2_000 : 39.9,
  });
}
await user(4_800, 'flaky');
// The lists and rollups follow the events.
await new Promise((done) => setTimeout(done, 3_000));
await start('onboard-user', 'user-4801', { userId: '4801', email: 'slow@example.com' });

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({
  viewport: { width: Number(width), height: 900 },
  colorScheme: theme,
  timezoneId: 'Europe/Berlin',
  locale: 'en-GB',
});
page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
page.on('pageerror', (error) => console.error(error.message));

/** Each picture: its name, its URL, and what to do before. */
const PICTURES = [
  ['overview', '/console'],
  ['processes', '/console/processes'],
  ['process', '/console/processes/user-4800', () => page.getByRole('button', { name: /attempt 2: failed/ }).click()],
  ['definition', '/console/definitions/onboard-user?measure=errorRate'],
  ['analytics', '/console/analytics?last=1h&bucket=minute'],
  ['events', '/console/events', () => page.getByRole('button', { name: 'Pause' }).click()],
  ['task', '/console/tasks', () => page.getByRole('link', { name: 'Approve the purchase' }).first().click()],
];

mkdirSync(resolve(folder), { recursive: true });
for (const [name, path, prepare] of PICTURES) {
  await page.setViewportSize({ width: Number(width), height: name === 'process' ? 1_330 : 900 });
  await page.goto(`${url}${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForTimeout(700);
  await prepare?.();
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(resolve(folder), `${name}.png`) });
}
await browser.close();
await service.stop();
await partner.stop();
rmSync(data, { recursive: true, force: true });
process.exit(0);
