import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { request } from 'undici';
import { databaseFile } from '../src/composition/database/database-target.ts';
import { startBrowser } from '../test/support/browser.ts';
import type { WholeService } from './children/whole-service.ts';
import {
  type Benchmark,
  type Figures,
  inTurns,
  type Report,
  type Run,
  rowOf,
} from './support/benchmark.ts';
import { type Child, startChild } from './support/child.ts';
import { INPUT, PROCESS_KEY } from './support/four-steps.ts';
import { manyProcesses, WRITTEN } from './support/many-processes.ts';

const PROCESSES = 1_000_000;
const QUICK_PROCESSES = 20_000;
const MAX_FIRST_PAINT_MS = 1_000;
/** Data may take this many times as long as with an empty database. */
const MAX_GROWTH = 2;
const VIEW_TIMEOUT_MS = 120_000;

/** The pages by name: where they are, and what shows once their data does, or once it says that they have nothing. */
const PAGES: Readonly<Record<string, { path: string; shows: string }>> = {
  overview: { path: '/console', shows: '.tiles li' },
  'stuck and slow': { path: '/console/stuck', shows: '[role=tabpanel] > *' },
  processes: { path: '/console/processes', shows: 'tbody tr' },
  'processes, failed': { path: '/console/processes?status=error', shows: 'tbody tr, .state' },
  'a process': { path: '/console/processes/:id', shows: '[role=tablist]' },
  tasks: { path: '/console/tasks', shows: 'tbody tr, .state' },
  definitions: { path: '/console/definitions', shows: 'tbody tr' },
  'a definition': { path: `/console/definitions/${PROCESS_KEY}`, shows: '.djs-container' },
  analytics: { path: '/console/analytics?last=1y&bucket=day', shows: '.chart canvas, .state' },
  events: { path: '/console/events', shows: 'tbody tr' },
  'failed jobs': { path: '/console/failed-jobs', shows: 'tbody tr, .state' },
  callbacks: { path: '/console/callbacks', shows: 'tbody tr, .state' },
  archive: { path: '/console/archive', shows: 'tbody tr, .state' },
  settings: { path: '/console/settings', shows: 'tbody tr' },
};

type View = Figures<'paint' | 'data'>;

/** A service that runs, and the id of a process in it. */
interface Side {
  service: Child<WholeService>;
  url: string;
  id: string;
}

/**
 * Each page of the web console in headless Chromium, on a database of a million generated processes (20,000 in a quick
 * run; `--processes` sets another multiple of 10,000): the time from its navigation until the browser paints its first
 * content, and until its data shows. Each view has an empty cache, and the service is on the same two cores.
 *
 * Baseline: the same page of a service with one process in its database.
 */
export const consolePages: Benchmark = async (run) => {
  const count = run.processes ?? (run.seconds(1) < 1 ? QUICK_PROCESSES : PROCESSES);
  const started = await startBrowser();
  const browser = await chromium.connect(started.url);
  const sides = { baseline: await openSide(run, 0), ours: await openSide(run, count) };
  const report: Report = { rows: [] };
  try {
    for (const [name, page] of Object.entries(PAGES)) {
      const on = (side: Side) => () => view(browser, side, page);
      // Modules of the page, and what the service does but once.
      await on(sides.baseline)();
      await on(sides.ours)();
      const rounds = await inTurns<keyof View>(
        run,
        `console, ${name}`,
        [
          ['paint', 'ms'],
          ['data', 'ms'],
        ],
        { baseline: on(sides.baseline), ours: on(sides.ours) },
      );
      const row = { unit: 'ms', baseline: 'one process' } as const;
      const label = `console, ${name}, ${count.toLocaleString('en')} processes`;
      report.rows.push(
        rowOf(rounds, 'paint', {
          ...row,
          name: `${label}: first paint`,
          goal: { of: 'ours', limit: 'at most', value: MAX_FIRST_PAINT_MS },
        }),
        rowOf(rounds, 'data', {
          ...row,
          name: `${label}: data shown`,
          goal: { of: 'ratio', limit: 'at most', value: MAX_GROWTH },
        }),
      );
    }
  } finally {
    await browser.close();
    await started.stop();
    for (const { service } of Object.values(sides)) {
      await service.call('stop', {});
      await service.stop();
    }
  }
  return report;
};

/** @param count of generated processes, besides the one that it starts */
async function openSide(run: Run, count: number): Promise<Side> {
  const folder = count === 0 ? run.folder() : await generatedFolder(run, count);
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder });
  const answer = await request(`${url}/api/process/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=25' },
    body: JSON.stringify({ processKey: PROCESS_KEY, variables: INPUT }),
  });
  const { correlationId: id } = (await answer.body.json()) as { correlationId: string };
  return { service, url, id };
}

/** The folder of a service; large databases are used where they are, because to copy them takes minutes. */
async function generatedFolder(run: Run, count: number): Promise<string> {
  const { file } = await manyProcesses(run, count);
  if (count > WRITTEN) return resolve(dirname(file), '..');
  const folder = run.folder();
  const copy = databaseFile({ DATA_DIR: join(folder, 'service') });
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(file, copy);
  return folder;
}

/** One view of a page by a browser that has never been there. */
async function view(
  browser: Browser,
  { url, id }: Side,
  { path, shows }: { path: string; shows: string },
): Promise<View> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(VIEW_TIMEOUT_MS);
  await page.addInitScript(watchFor(shows));
  await page.goto(`${url}${path.replace(':id', id)}`, { waitUntil: 'commit' });
  const data = Number(await page.evaluate('dataShown'));
  const [paint] = (await page.evaluate(FIRST_PAINT)) as number[];
  await context.close();
  return { paint: paint ?? Number.NaN, data };
}

const FIRST_PAINT =
  "performance.getEntriesByName('first-contentful-paint').map(({ startTime }) => startTime)";

/** A script for the page: when what is looked for shows, and nothing is on its way any more. As text: it is not compiled. */
function watchFor(shows: string): { content: string } {
  return {
    content: `globalThis.dataShown = new Promise((resolve) => {
      requestAnimationFrame(function look() {
        const isShown = document.querySelector('main :is(${shows})');
        if (isShown && !document.querySelector('main .skeleton')) resolve(performance.now());
        else requestAnimationFrame(look);
      });
    });`,
  };
}
