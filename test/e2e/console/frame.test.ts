import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER } from '../../../src/composition/server/console-folder.ts';
import {
  browserUrl,
  type ConsoleRig,
  findBarriersInThemes,
  openConsoleRig,
  WIDTHS,
} from '../../support/console.ts';

const MAX_FIRST_LOAD_BYTES = 350 * 1024;

describe.skipIf(browserUrl === null)('the frame of the console', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig();
  });
  afterAll(() => rig?.close());

  const ask = (path: string, accept?: string) =>
    fetch(`${rig.service.url}${path}`, {
      redirect: 'manual',
      headers: accept === undefined ? {} : { accept },
    });

  it('leads a browser that asks for / to the console, and answers a program with a problem', async () => {
    const browser = await ask('/', 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect(browser.status).toBe(302);
    expect(browser.headers.get('location')).toBe('/console');
    for (const accept of [
      undefined,
      '*/*',
      'application/json',
      'application/json, text/html;q=0.5',
    ]) {
      const program = await ask('/', accept);
      expect(program.status, accept).toBe(404);
      expect(program.headers.get('content-type'), accept).toMatch(/^application\/problem\+json/);
    }
  });

  it('sends its page for every view, with a policy that allows neither inline code nor other hosts', async () => {
    for (const path of ['/console', '/console/', '/console/processes/a%2Fb?tab=events']) {
      const answer = await ask(path, 'text/html');
      expect(answer.status, path).toBe(200);
      expect(await answer.text(), path).toContain('<div id="console">');
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy, path).toContain("default-src 'none'");
      expect(policy, path).not.toMatch(/unsafe|https?:|\*/);
      expect(answer.headers.get('cache-control'), path).toBe('no-cache');
    }
  });

  it('sends files with a hash in their name compressed, for a browser to keep', async () => {
    const page = await (await ask('/console', 'text/html')).text();
    const [, script = ''] = /src="([^"]+\.js)"/.exec(page) ?? [];
    const answer = await fetch(`${rig.service.url}${script}`, {
      headers: { 'accept-encoding': 'br' },
    });
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect((await ask('/console/assets/none.js')).status).toBe(404);
    expect((await ask('/console/assets/..%2f..%2f..%2fpackage.json')).status).not.toBe(200);
  });

  it('loads at most 350 KB, compressed, before the first page shows', () => {
    const page = readFileSync(join(CONSOLE_FOLDER, 'index.html'), 'utf8');
    const [, entry = ''] = /src="\/console\/assets\/([^"]+\.js)"/.exec(page) ?? [];
    const assets = readdirSync(join(CONSOLE_FOLDER, 'assets'));
    expect(assets).toContain(entry);
    // Everything but what is loaded later: other alphabets, and the libraries for diagrams and charts.
    const later = /cyrillic|greek|vietnamese|latin-ext|(chart|bpmn-diagram)-/;
    const sent = assets.filter((name) => !later.test(name) && !name.endsWith('.br'));
    const bytes = sent.map((name) => {
      const compressed = assets.includes(`${name}.br`) ? `${name}.br` : name;
      return statSync(join(CONSOLE_FOLDER, 'assets', compressed)).size;
    });
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_FIRST_LOAD_BYTES);
  });

  it('reaches each section by keyboard, and says so in URL and title', async () => {
    const page = await rig.open('/console');
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByRole('heading', { name: 'Processes', level: 1 }).waitFor();
    expect(page.url()).toBe(`${rig.service.url}/console/processes`);
    expect(await page.title()).toBe('Processes · fastify-camunda');
    await page.keyboard.press('/');
    await page.keyboard.type('order-none');
    await page.keyboard.press('Enter');
    await page.getByText('Not found').waitFor();
    expect(page.url()).toBe(`${rig.service.url}/console/processes/order-none`);
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('is light or dark as the system is, or as the reader chooses for this browser', async () => {
    const page = await rig.open('/console/processes', { theme: 'dark' });
    const ground = () =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const dark = await ground();
    await page.getByRole('radio', { name: 'Light' }).check();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await ground()).toBe(light);
  });

  it('says that the service is away, and continues when it is back', async () => {
    const page = await rig.open('/console/processes');
    await page.getByText('No processes yet').waitFor();
    await rig.stop();
    await page.getByText('The service does not answer. What you see').waitFor();
    await rig.start();
    await page.getByText('The service does not answer').waitFor({ state: 'hidden' });
    await rig.service.api.start('onboard-user', { userId: '1', email: 'back@example.com' });
    await page.locator('.badge').getByText('Completed').waitFor();
  });

  it('shows a reader on a narrow screen every section behind a menu', async () => {
    const page = await rig.open('/console/processes', { width: 360, height: 740 });
    await page.getByRole('button', { name: 'Open the menu' }).click();
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    expect(await page.getByRole('button', { name: 'Open the menu' }).count()).toBe(1);
  });

  it('has no barriers that axe finds, in both themes at two widths', async () => {
    for (const width of WIDTHS) {
      const page = await rig.open('/console', { width });
      await page.getByRole('img', { name: 'Processes of the last 24 hours' }).waitFor();
      expect(await findBarriersInThemes(page), `overview, ${width}`).toEqual([]);
    }
  });

  it('makes no call to another host, and nothing that its policy refuses', () => {
    expect(rig.wrongs).toEqual([]);
  });
});
