import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { type Browser, chromium, type Download, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { Scope } from '../../domain/access/access.ts';
import { startPartner } from '../../src/cli/partner-service.ts';
import { type KeyManager, makeKey } from './access.ts';
import { serverUrl } from './servers.ts';
import { createFolder, type Folder, startTestService, type TestService } from './service.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Generous: no test is to depend on the pace of the machine. */
const TIMEOUT_MS = 60_000;

/** Null: this machine has no browser, and the tests of the console are skipped. */
export const browserUrl = await serverUrl('browser');

/** A service with the shipped processes, and a browser that opens its console. */
export interface ConsoleRig {
  service: TestService;
  /** Opens a page at a path of the console, in a browser session of its own, until the end of the test. */
  open(path: string, options?: OpenOptions): Promise<Page>;
  /** What a page let the browser save. */
  textOf(saved: Download): Promise<string>;
  /** What the pages did wrong: errors, calls to other hosts, what the content security policy refused. */
  wrongs: string[];
  /** Ends the service. */
  stop(): Promise<void>;
  /** Starts the service again, at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Widths of a phone and of a screen, for tests of how a page is to be used. */
export const WIDTHS = [360, 1440];
/** What else axe looks at is the same in both themes: they differ in colours. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block'];
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export interface OpenOptions {
  width?: number;
  height?: number;
  theme?: 'light' | 'dark';
  /** Continues in the session of this page. */
  with?: Page;
}

/**
 * Starts a service on the embedded default with the shipped processes and their partner.
 *
 * @param headersFor makes the credential of the calls that tests make themselves, before the start
 */
export async function openConsoleRig(
  settings: Record<string, string> = {},
  headersFor: (folder: Folder) => Promise<Record<string, string>> = async () => ({}),
): Promise<ConsoleRig> {
  const partner = await startPartner({ port: 0 });
  const folder = createFolder();
  const headers = await headersFor(folder);
  const start = (port: string) => {
    const processes = { PROCESSES_DIR: 'domain/processes', PARTNER_URL: partner.url };
    return startTestService({ ...processes, PORT: port, ...settings }, folder, headers);
  };
  let service = await start('0');
  const browser: Browser = await chromium.connect(browserUrl ?? '');
  const wrongs: string[] = [];

  async function newContext({ width = 1280, height = 800, theme = 'light' }: OpenOptions) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      timezoneId: 'Europe/Berlin',
      locale: 'en-GB',
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    // A page that stays open follows what the next tests do, and draws it.
    onTestFinished(() => context.close());
    return context;
  }

  return {
    get service() {
      return service;
    },
    wrongs,
    async open(path, options = {}) {
      const context = options.with?.context() ?? (await newContext(options));
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT_MS);
      watch(page, service.url, wrongs);
      await page.goto(`${service.url}${path}`);
      return page;
    },
    async textOf(saved) {
      const bytes: Buffer[] = [];
      for await (const chunk of await saved.createReadStream()) bytes.push(chunk);
      return Buffer.concat(bytes).toString();
    },
    stop: () => service.stop(),
    async start() {
      service = await start(new URL(service.url).port);
    },
    async close() {
      await browser.close();
      await service.stop();
      await partner.stop();
      folder.remove();
    },
  };
}

/** Opens a page at a path, and signs in there with a new key of this name. */
export async function openAs(
  rig: ConsoleRig,
  name: string,
  scopes: readonly Scope[],
  path: string,
): Promise<{ page: Page; key: Awaited<ReturnType<KeyManager['create']>> }> {
  const key = await makeKey(rig.service.folder, name, scopes);
  const page = await rig.open(path);
  await page.getByLabel('API key').fill(key.text);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.caller').getByText(name).waitFor();
  return { page, key };
}

function watch(page: Page, serviceUrl: string, wrongs: string[]): void {
  page.on('pageerror', (error) => wrongs.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A browser logs every answer of 400 and above; what those mean is for the page to show.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) wrongs.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(serviceUrl) && !/^(data|blob):/.test(url))
      wrongs.push(`left the host: ${url}`);
  });
}

/** What axe finds on a page in both themes, each as a line: rule, element, and what to do. */
export async function findBarriersInThemes(page: Page): Promise<string[]> {
  const light = await findBarriers(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await findBarriers(page, COLOR_RULES);
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark.map((line) => `dark: ${line}`)];
}

/**
 * What axe finds on a page, each as a line: rule, element, and what to do.
 *
 * @param rules left out: all of the standards
 */
export async function findBarriers(
  page: Page,
  rules: readonly string[] = STANDARDS,
): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (runOnly) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run({
        // The rest of its report takes longer than the rules.
        resultTypes: ['violations'],
        runOnly: [...runOnly],
        // There are no frames, and no rule of these needs the style sheets a second time.
        iframes: false,
        preload: false,
      }),
    rules,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}
