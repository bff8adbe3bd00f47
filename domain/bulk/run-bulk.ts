import { type Clock, sleep } from '../common/index.ts';
import { type ProcessStore, waitsUntil } from '../process/index.ts';
import { type ActPorts, actOnProcess } from './act-on-process.ts';
import {
  type BulkResult,
  type BulkRun,
  type BulkStore,
  type Collected,
  STATUS_FOR,
} from './bulk-run.ts';
import { type ProjectPagePorts, projectPage } from './project-page.ts';

export interface RunBulkPorts extends ActPorts {
  bulkStore: BulkStore;
  processStore: Pick<ProcessStore, 'list'> & ProjectPagePorts['processStore'];
  log: ActPorts['log'] & ProjectPagePorts['log'];
  clock: Clock;
  /** Called for each run that is done; again when a kill came before its return was noted. */
  onEnded(run: BulkRun): Promise<void>;
}

/** Processes that are looked up, acted on and recorded together. */
const BATCH = 40;
/** Of which so many begin each millisecond: an embedded database does nothing else while it reads and commits them. */
const PER_MS = 2;
/** Looked up at once: an embedded database does nothing else meanwhile. */
const PAGE = { limit: 100, maxBytes: 8 * 1_024 * 1_024 };
/** Milliseconds between two looks at runs that all wait for their turn. */
const MAX_PAUSE_MS = 200;

/**
 * Continues all active runs, in turns of a page or a batch, until none is left or the signal fires. Where a killed
 * service instance had stopped, it continues: what was looked up is in the database, and what was done has its event.
 *
 * @throws what stands in its way, such as StoreUnavailableError; call it again later
 */
export async function runBulk(ports: RunBulkPorts, signal: AbortSignal): Promise<void> {
  const paces = new Map<string, Pace>();
  while (!signal.aborted) {
    const runs = await ports.bulkStore.active();
    if (runs.length === 0) return;
    let nextAt = Number.POSITIVE_INFINITY;
    for (const run of runs) {
      if (signal.aborted) return;
      const pace = paces.get(run.id) ?? createPace(run.maxPerSecond);
      paces.set(run.id, pace);
      if (pace.waitMs() === 0) await step(run, pace, ports, signal);
      nextAt = Math.min(nextAt, pace.waitMs());
    }
    // Also without a delay, so that others have their turn.
    await sleep(Math.min(nextAt, MAX_PAUSE_MS), signal);
  }
}

async function step(
  run: BulkRun,
  pace: Pace,
  ports: RunBulkPorts,
  signal: AbortSignal,
): Promise<void> {
  const { bulkStore } = ports;
  if (run.status === 'done') return close(run, ports);
  const { collected } = run;
  if (!run.isCollected) {
    return collected.pass === 0
      ? projectPage(run, collected.before, ports)
      : collectPage(run, collected, ports);
  }
  const left = run.dryRun ? [] : await bulkStore.left(run.id, Math.min(BATCH, run.maxPerSecond));
  if (left.length === 0) {
    if (await bulkStore.end(run.id)) await close(run, ports);
    return;
  }
  const acts: Promise<BulkResult>[] = [];
  for (const [at, correlationId] of left.entries()) {
    if (at > 0 && at % PER_MS === 0) await sleep(1, signal);
    const act = actOnProcess(run, correlationId, ports).then((failure) => ({
      correlationId,
      failure,
    }));
    // It may fail while others have not begun; all are awaited below.
    act.catch(() => {});
    acts.push(act);
  }
  const results = await Promise.all(acts);
  pace.count(results.length);
  await bulkStore.record(run.id, results, Math.round(pace.perSecond()));
}

/** Race: a kill between the end of a run and its entry in the audit log; the next look at active runs finds it again. */
async function close(run: BulkRun, { bulkStore, clock, onEnded }: RunBulkPorts): Promise<void> {
  await onEnded(run);
  await bulkStore.close(run.id, new Date(clock()).toISOString());
}

/**
 * Looks up a page of the processes that had not changed since the run was asked for; in a second pass those that have, and
 * still are what the filter says. Those that began later are not meant.
 */
async function collectPage(
  run: BulkRun,
  { pass, cursor }: Exclude<Collected, { pass: 0 }>,
  ports: RunBulkPorts,
): Promise<void> {
  const { bulkStore, processStore, clock } = ports;
  const { from, to } = run.filter;
  const filter = {
    ...run.filter,
    status: run.filter.status ?? STATUS_FOR[run.action],
    partitions: run.action === 'restore' ? ('archived' as const) : ('live' as const),
    ...(pass === 1
      ? { to: to && to < run.createdAt ? to : run.createdAt }
      : { from: from && from > run.createdAt ? from : run.createdAt }),
  };
  const { items, atEnd } = await processStore.list(filter, PAGE, cursor ?? undefined);
  const ids = items
    .filter((one) => (waitsUntil(one) ? one.updatedAt : one.startedAt) <= run.createdAt)
    .map(({ correlationId }) => correlationId);
  const last = items.at(-1);
  if (last && !atEnd) {
    const { updatedAt, correlationId } = last;
    return bulkStore.collect(run.id, ids, { pass, cursor: { updatedAt, correlationId } });
  }
  await bulkStore.collect(run.id, ids, { pass: 2, cursor: null });
  if (pass === 2) await bulkStore.collected(run.id, new Date(clock()).toISOString());
}

interface Pace {
  /** Milliseconds until the next batch may begin. */
  waitMs(): number;
  count(processes: number): void;
  perSecond(): number;
}

/** No more in a second than allowed; what was not used is not saved up. */
function createPace(maxPerSecond: number): Pace {
  const began = performance.now();
  let nextAt = began;
  let counted = 0;
  return {
    waitMs: () => Math.max(0, nextAt - performance.now()),
    count(processes) {
      counted += processes;
      nextAt = Math.max(nextAt, performance.now() - 1_000) + (processes / maxPerSecond) * 1_000;
    },
    perSecond: () => (counted / Math.max(1, performance.now() - began)) * 1_000,
  };
}
