import { sleep } from '../common/index.ts';
import type {
  Difference,
  DifferenceKind,
  InspectedProcess,
  Repair,
  Verification,
  VerifyFilter,
} from './verification.ts';

export interface VerifyOptions extends VerifyFilter {
  /** Verify these processes only. */
  ids?: readonly string[];
  /** Start after this correlation id. */
  after?: string;
  /** Repair what can be repaired. */
  repair?: boolean;
  /** Processes of a page. */
  pageSize?: number;
  /** Milliseconds that a late projection gets at the end of the run. */
  graceMs?: number;
}

export interface VerifyTotals {
  /** Processes that were verified: each is one stream. */
  streams: number;
  events: number;
  /** Events without a hash, from before there was a hash chain. */
  unhashed: number;
  /** Processes whose row lags behind their events, which is normal for a while. */
  lagging: number;
  differences: number;
  repaired: number;
  /** Differences that were to be repaired, and were not. */
  unrepaired: number;
  /** The last correlation id of a run that was stopped; null after a whole run, or one for given ids. */
  stoppedAt: string | null;
}

interface VerifyObserver {
  difference(difference: Difference): void;
  repaired(correlationId: string, repair: Repair): void;
  progress(totals: VerifyTotals): void;
}

const PAGE = 200;
const OUTBOX_PAGE = 500;
const GRACE_MS = 3_000;
const LATE_INTERVAL_MS = 200;
/** Late processes that are checked again; those after them are reported at once. */
const MAX_LATE = 1_000;
/** What a projection corrects when it comes. */
const MAY_BE_LATE: readonly DifferenceKind[] = ['row-behind', 'row-missing'];

/**
 * Compares what the tables hold with the events, process by process, and then the outbox. Services may run
 * meanwhile: what looks wrong is read again at one moment, and what is only late once more at the end.
 *
 * @throws StoreUnavailableError when the database is away
 */
export async function verifyProcesses(
  verification: Verification,
  options: VerifyOptions,
  signal: AbortSignal,
  observer: VerifyObserver,
): Promise<VerifyTotals> {
  const { ids, repair = false, pageSize = PAGE, graceMs = GRACE_MS, ...filter } = options;
  const totals: VerifyTotals = {
    streams: 0,
    events: 0,
    unhashed: 0,
    lagging: 0,
    differences: 0,
    repaired: 0,
    unrepaired: 0,
    stoppedAt: null,
  };
  const late: string[] = [];

  if (ids) {
    for (const id of ids) {
      if (signal.aborted) break;
      await verifyOne(id);
    }
  } else await walk(options.after ?? '');
  // Also when it was stopped: the run that resumes there does not check them again.
  await checkLate();
  if (!signal.aborted) await verifyOutbox();
  if (!signal.aborted) await verifyFeed();
  return totals;

  async function walk(from: string): Promise<void> {
    for (let after = from; ; ) {
      const page = await verification.page(after, pageSize, filter);
      if (page.last === null) break;
      totals.streams += page.processes;
      totals.events += page.events;
      totals.unhashed += page.unhashed;
      totals.lagging += page.lagging;
      for (const id of page.suspects)
        await reportUnlessLate(id, await verification.inspect(id, filter));
      after = page.last;
      totals.stoppedAt = after;
      observer.progress(totals);
      if (signal.aborted) return;
    }
    totals.stoppedAt = null;
  }

  async function verifyOne(id: string): Promise<void> {
    const result = await verification.inspect(id, filter);
    totals.streams++;
    totals.events += result.events;
    totals.unhashed += result.unhashed;
    if (result.lagging) totals.lagging++;
    if (result.events === 0 && result.differences.length === 0) {
      const message = 'there is neither a row nor an event of it';
      const common = { correlationId: id, version: null, eventId: null };
      await report([{ ...common, kind: 'unknown', message }]);
    } else await reportUnlessLate(id, result);
    observer.progress(totals);
  }

  async function reportUnlessLate(id: string, { differences }: InspectedProcess): Promise<void> {
    if (differences.length === 0) return;
    const mayBeLate = differences.every(({ kind }) => MAY_BE_LATE.includes(kind));
    if (mayBeLate && late.length < MAX_LATE) late.push(id);
    else await report(differences);
  }

  /** Checks late processes until they are in order or their time is up. */
  async function checkLate(): Promise<void> {
    const deadline = performance.now() + graceMs;
    let waiting: readonly string[] = late;
    while (waiting.length > 0) {
      const isLast = signal.aborted || performance.now() >= deadline;
      const still: string[] = [];
      for (const id of waiting) {
        const { differences } = await verification.inspect(id, filter);
        if (differences.length === 0) continue;
        if (isLast) await report(differences);
        else still.push(id);
      }
      waiting = still;
      if (waiting.length > 0) await sleep(LATE_INTERVAL_MS, signal);
    }
  }

  async function verifyOutbox(): Promise<void> {
    for (let after = '0'; !signal.aborted; ) {
      const rows = await verification.outbox(after, OUTBOX_PAGE, filter);
      for (const row of rows) {
        if (ids && !ids.includes(row.correlationId)) continue;
        if (await isStillLate(row)) await report([row]);
      }
      const last = rows.at(-1)?.eventId;
      if (!last || rows.length < OUTBOX_PAGE) return;
      after = last;
    }
  }

  /** An event may have moved between the two tables while they were read. */
  async function isStillLate({ kind, eventId }: Difference): Promise<boolean> {
    if (kind !== 'outbox-without-event' || eventId === null) return true;
    const before = String(BigInt(eventId) - 1n);
    const [again] = await verification.outbox(before, 1, filter);
    return again?.eventId === eventId && again.kind === kind;
  }

  async function verifyFeed(): Promise<void> {
    for (let after: string | null = '0'; after !== null && !signal.aborted; ) {
      const { differences, last } = await verification.withoutPosition(after, filter);
      for (const difference of differences) {
        if (!ids || ids.includes(difference.correlationId)) await report([difference]);
      }
      after = last;
    }
  }

  async function report(differences: readonly Difference[]): Promise<void> {
    const [first] = differences;
    if (!first) return;
    for (const difference of differences) observer.difference(difference);
    totals.differences += differences.length;
    if (!repair) return;
    const result = await tryRepair(first);
    if (result) observer.repaired(first.correlationId, result);
    if (result?.done) totals.repaired++;
    else totals.unrepaired += differences.length;
  }

  /** Only the relay deletes rows of the outbox: they say what is still to be published. */
  async function tryRepair({ kind, correlationId, eventId }: Difference): Promise<Repair | null> {
    if (kind === 'outbox-overdue' || kind === 'outbox-without-event') return null;
    if (kind === 'event-without-position' && eventId) return verification.givePosition(eventId);
    return verification.repair(correlationId);
  }
}
