import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { EventType, ProcessEvent } from '../domain/process/index.ts';
import { openSqliteDatabase } from '../infrastructure/sqlite/database.ts';
import { databaseFile } from '../src/composition/database/database-target.ts';
import type { WholeService } from './children/whole-service.ts';
import type { Benchmark, Run } from './support/benchmark.ts';
import { type Caller, openCaller } from './support/caller.ts';
import { type Child, startChild } from './support/child.ts';
import { WAITING_KEY } from './support/four-steps.ts';
import {
  COUNTRIES,
  type ManyProcesses,
  manyProcesses,
  SELDOM,
  USUAL,
  WRITTEN,
} from './support/many-processes.ts';
import type { Row } from './support/row.ts';

const SIZES = [WRITTEN, 1_000_000, 10_000_000];
const QUICK_SIZES = [2_000, WRITTEN];
const CALLS = 200;
const WARM_UPS = 20;
const IDLE_SECONDS = 10;
const PAGE = 100;
const PAGES = 20;
/** A call that reads a whole table shall not take minutes. */
const MAX_SECONDS = 15;

/** The beginning of the names of the calls that search by business data. */
const SEARCH = 'search by ';
const MAX_SEARCH_MS = 50;

/** Milliseconds, by what they are for. */
type Figures = Map<string, number>;

/**
 * What one call costs with 10 thousand, 1 million and 10 million processes in the tables of the embedded default: the CPU of
 * all threads of the service for calls that come one after the other over HTTP, of this process for a page of the feed
 * from its middle and the projection of one process at their ports, and of a second in which nobody calls; and the time
 * from the call that starts the service until it is ready. CPU because other work on the machine does not change it much;
 * the databases are in the cache of the file system. The processes are generated, see support/many-processes.ts.
 *
 * Baseline: the same with the fewest processes. The goal is the growth of the logarithm, and of searches 50 ms.
 */
export const growth: Benchmark = async (run) => {
  const sizes = run.events ?? (run.seconds(1) < 1 ? QUICK_SIZES : SIZES);
  const measured: Figures[] = [];
  for (const size of sizes) {
    const figures = await measure(run, size);
    measured.push(figures);
    const text = [...figures].map(([name, figure]) => `${name} ${figure.toFixed(2)}`);
    run.progress(`${processes(size)}: ${text.join(', ')}`);
  }
  const [fewest = 1] = sizes;
  const rows: Row[] = [];
  for (const [name, figure] of measured[0] ?? []) {
    for (const [at, size] of sizes.entries()) {
      if (at === 0) continue;
      const limit = Math.round((Math.log(size) / Math.log(fewest)) * 100) / 100;
      rows.push({
        name: `${name}, ${processes(size)}`,
        unit: 'ms',
        baseline: { what: processes(fewest), figures: [figure] },
        ours: [measured[at]?.get(name) ?? Number.NaN],
        goal: name.startsWith(SEARCH)
          ? { of: 'ours', limit: 'at most', value: MAX_SEARCH_MS }
          : { of: 'ratio', limit: 'at most', value: limit },
      });
    }
  }
  return { rows };
};

const processes = (size: number): string => `${size.toLocaleString('en')} processes`;

async function measure(run: Run, size: number): Promise<Figures> {
  const many = await manyProcesses(run, size);
  // Copying the large ones would take longer than everything else; they grow by some hundred processes in a run.
  const folder = size > WRITTEN ? resolve(dirname(many.file), '..') : run.folder();
  const file = databaseFile({ DATA_DIR: join(folder, 'service') });
  if (file !== many.file) {
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(many.file, file);
  }
  const figures: Figures = new Map();
  await measurePorts(file, figures);
  const service = startChild<WholeService>('children/whole-service.ts');
  // Its modules are loaded then.
  await service.call('memory', {});
  const began = performance.now();
  const url = await service.call('start', { folder });
  while ((await request(`${url}/health/ready`)).statusCode !== 200) await sleep(1);
  figures.set('start of the service to ready', performance.now() - began);
  const caller = openCaller(url, 1);
  await measureCalls(service, caller, many, figures);
  await caller.close();
  figures.set('a second without calls', await idleCpu(service, run.seconds(IDLE_SECONDS)));
  await service.call('stop', {});
  await service.stop();
  return figures;
}

async function measurePorts(file: string, figures: Figures): Promise<void> {
  const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
  const { eventStore, processStore, eventFeed, close } = await openSqliteDatabase({
    ...options,
    file,
  });
  const cpu = async (): Promise<number> => cpuMs();
  const ids = Array.from({ length: CALLS + WARM_UPS }, (_, nth) => `growth-${process.pid}-${nth}`);
  for (const id of ids) await eventStore.append(id, events());
  const project = (nth: number) => processStore.project(ids[nth] as string);
  figures.set('projection of a process', await perCall(project, cpu));
  const middle = Math.floor(Number(await eventFeed.head()) / 2);
  const page = (nth: number) => {
    const after = String(middle + PAGE * (nth % PAGES));
    return eventFeed.page({ after, limit: PAGE, filter: {}, archived: true });
  };
  figures.set(`page of ${PAGE} of the feed, archive included`, await perCall(page, cpu));
  await close();
}

async function measureCalls(
  service: Child<WholeService>,
  { read, start }: Caller,
  { live, archived }: ManyProcesses,
  figures: Figures,
): Promise<void> {
  const list = (query: string) => () => read(`/api/process?${query}`);
  const calls: Record<string, (nth: number) => Promise<void>> = {
    start: () => start(WAITING_KEY),
    status: (nth) => read(`/api/process/status/${live(nth).correlationId}`),
    'status, archived': (nth) => read(`/api/process/status/${archived(nth).correlationId}`),
    'events of a process': (nth) => read(`/api/process/${live(nth).correlationId}/events`),
    'events of a trace': (nth) => read(`/api/event-log/${live(nth).traceabilityId}`),
    'events of a trace, archived': (nth) => read(`/api/event-log/${archived(nth).traceabilityId}`),
    list: list(''),
    'list, archive included': list('archive=include'),
    'list of a status': list('status=ok'),
    'list of a process': list(`process=${USUAL}`),
    'list of a process, 1 in 1,000': list(`process=${SELDOM}`),
    'list of a process and status': list(`process=${SELDOM}&status=ok`),
    'list of a process that never ran': list('process=none'),
    'list of a step': list('step=none'),
    'list of a process, archive included': list(`process=${SELDOM}&archive=include`),
    'list of a status, archive included': list('status=error&archive=include'),
    [`${SEARCH}an identifier`]: (nth) => read(`/api/process?identifier.customer=${nth}`),
    [`${SEARCH}an identifier, archive included`]: (nth) =>
      read(`/api/process?archive=include&identifier.customer=${nth}`),
    [`${SEARCH}the beginning of an identifier`]: (nth) =>
      read(`/api/process?identifier.customer=999${nth % 10}*`),
    [`${SEARCH}an identifier of half of all`]: list(`identifier.country=${COUNTRIES[0]}`),
    [`${SEARCH}two identifiers`]: (nth) =>
      read(`/api/process?identifier.country=${COUNTRIES[nth % 2]}&identifier.customer=${nth}`),
    [`${SEARCH}an error code that none has`]: list('errorCode=NONE'),
    'health, ready': () => read('/health/ready'),
  };
  for (const [name, call] of Object.entries(calls)) {
    figures.set(name, await perCall(call, () => service.call('cpu', {})));
  }
}

/** Milliseconds of CPU of a call, on average over many. */
async function perCall(
  call: (nth: number) => Promise<unknown>,
  cpu: () => Promise<number>,
): Promise<number> {
  for (let nth = 0; nth < WARM_UPS; nth++) await call(nth);
  const before = await cpu();
  const end = performance.now() + MAX_SECONDS * 1_000;
  let calls = 0;
  while (calls < CALLS && performance.now() < end) await call(WARM_UPS + calls++);
  return ((await cpu()) - before) / calls;
}

async function idleCpu(service: Child<WholeService>, seconds: number): Promise<number> {
  const before = await service.call('cpu', {});
  await sleep(seconds * 1_000);
  return ((await service.call('cpu', {})) - before) / seconds;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** A request and an end. */
function events(): ProcessEvent[] {
  const common = { processName: USUAL, identity: {}, audit: {} };
  return [
    { ...common, type: 'process-requested', data: { variables: {}, requestHash: '' } },
    { ...common, type: 'process-completed' satisfies EventType, data: { result: {} } },
  ];
}
