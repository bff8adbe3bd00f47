import type { Knex } from 'knex';
import type { Clock } from '../../domain/common/index.ts';
import type { Analysis, Analytics } from '../../domain/rollups/index.ts';
import { processSubject } from './analytics-processes.ts';
import { cutSlices, type Piece } from './analytics-ranges.ts';
import { stepSubject } from './analytics-steps.ts';
import {
  type AnalyticsDialect,
  type EventTable,
  type Subject,
  unionOf,
} from './analytics-subject.ts';
import { createTallies, type EventRow, type RollupRow } from './analytics-tallies.ts';
import { createTurns } from './event-loop-turns.ts';
import type { ReadQueries } from './read-queries.ts';

/** Buckets that one statement reads, about, for each group, so that adding them up takes a short time. */
const MAX_BUCKETS = 512;
/** Ranges that one statement unites; SQLite takes 500, and each costs time to plan. */
const MAX_RANGES = 40;
/**
 * Parameters of one statement: each range has its own, besides those of the question. SQL Server takes 2,100
 * (https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server).
 */
const MAX_PARAMETERS = 2_000;
const TABLES: readonly EventTable[] = ['event_log', 'event_log_archive'];
const MINUTE_MS = 60_000;

type Tallies = ReturnType<typeof createTallies>;

/** How far the current rollups are. */
interface RollupState {
  generation: number;
  position: number | string;
  rolled_up_to: string | null;
}

/**
 * Answers from the rollups, and at the ragged ends of a range from the events; once for both databases.
 * See docs/decisions/0044-analytics-ranges-cut-into-buckets.md.
 */
export function createAnalytics(options: {
  reads: ReadQueries;
  dialect: AnalyticsDialect;
  /** The position of the last event in the feed. */
  head: () => Promise<string>;
  clock: Clock;
}): Analytics {
  const { reads, dialect, head, clock } = options;
  const { knex } = reads;
  const turns = createTurns();

  async function readState(signal?: AbortSignal): Promise<RollupState> {
    const query = knex('rollup_state')
      .select('generation', 'position', 'rolled_up_to')
      .where('is_current', 1);
    const [state] = await reads.rows<RollupState>(query, signal);
    if (!state) throw new Error('rollup_state has no current generation');
    return state;
  }

  async function addRollups(
    tallies: Tallies,
    subject: Subject,
    pieces: readonly Piece[],
    generation: number,
    signal?: AbortSignal,
  ): Promise<void> {
    for (const batch of batchesOf(pieces)) {
      const query = subject.rollup(generation, batch);
      for (const row of await reads.rows<RollupRow & { slice: number }>(query, signal)) {
        await turns.giveWay();
        tallies.addRollup(row.slice, subject.keysOf(row), row);
      }
    }
  }

  /** Live and archived ones in one statement, so that a process that moves meanwhile is in one of them. */
  async function addEvents(
    tallies: Tallies,
    subject: Subject,
    pieces: readonly Piece[],
    signal?: AbortSignal,
  ): Promise<void> {
    const keys = subject.keys;
    const [first] = pieces;
    if (!first) return;
    const most = rangesAtOnce(TABLES.map((table) => subject.events(table, first)));
    for (let at = 0; at < pieces.length; at += most) {
      const some = pieces.slice(at, at + most);
      const queries = some.flatMap((piece, part) =>
        TABLES.map((table) => subject.events(table, piece).select(knex.raw(`${part} AS part`))),
      );
      const counted = knex
        .from(unionOf(knex, queries).as('found'))
        .select('part', 'ms', ...keys)
        .select(knex.raw('COUNT(*) AS events'), knex.raw('SUM(error) AS errors'))
        .groupBy('part', 'ms', ...keys);
      const rows = await reads.rows<EventRow & { part: number }>(counted, signal);
      for (const row of rows) {
        await turns.giveWay();
        const slice = some[row.part]?.slice ?? 0;
        tallies.addEvents(slice, subject.keysOfEvents(row), row);
      }
    }
  }

  async function answer<Group extends string>(
    {
      bounds,
      exact,
      groupBy,
    }: { bounds: readonly number[]; exact: boolean; groupBy: readonly Group[] },
    subject: Subject,
    signal?: AbortSignal,
  ): Promise<Analysis<Group>> {
    if (exact || !fit(bounds, subject.grains)) return answerExactly();
    for (;;) {
      const before = await readState(signal);
      const end = bounds.at(-1) as number;
      const open = isOpen(before.rolled_up_to, end);
      const pieces = cutSlices(open ? openEnded(bounds, subject.grains) : bounds, subject.grains);
      const whole = pieces.filter(({ grain }) => grain !== null);
      if (whole.length === 0) return answerExactly();
      const tallies = createTallies(false);
      const { generation } = before;
      await addRollups(tallies, subject, whole, generation, signal);
      await addEvents(
        tallies,
        subject,
        pieces.filter(({ grain }) => grain === null),
        signal,
      );
      const after = await readState(signal);
      // Read again if a rebuild has swapped them meanwhile, and may have removed them; or if the last bucket,
      // which was taken whole, now has events from after the end.
      if (after.generation !== generation) continue;
      if (open && !isOpen(after.rolled_up_to, end)) continue;
      const behind = Number(await head()) - Number(before.position);
      return {
        source: 'rollups',
        asOf: before.rolled_up_to,
        eventsBehind: Math.max(0, behind),
        tallies: await tallies.all(groupBy, turns),
      };
    }

    async function answerExactly(): Promise<Analysis<Group>> {
      const asOf = new Date(clock()).toISOString();
      const tallies = createTallies(true);
      await addEvents(tallies, subject, cutSlices(bounds, []), signal);
      return {
        source: 'events',
        asOf,
        eventsBehind: 0,
        tallies: await tallies.all(groupBy, turns),
      };
    }
  }

  return {
    steps: (question, signal) => answer(question, stepSubject(reads, dialect, question), signal),
    processes: (question, signal) =>
      answer(question, processSubject(reads, dialect, question), signal),
  };
}

/**
 * Whether nothing in the rollups is later than the end of a range, so that the bucket it is in can be taken whole
 * instead of reading a quarter of an hour of events.
 */
function isOpen(rolledUpTo: string | null, end: number): boolean {
  return rolledUpTo === null || Date.parse(rolledUpTo) < end;
}

/** Ranges for one statement, where each takes these queries. */
function rangesAtOnce(queries: readonly Knex.QueryBuilder[]): number {
  const each = queries.reduce((sum, query) => sum + query.toSQL().bindings.length, 0);
  return Math.max(1, Math.min(MAX_RANGES, Math.floor(MAX_PARAMETERS / each)));
}

/** Whether every slice but the first begins where a bucket of the shortest grain does. */
function fit(bounds: readonly number[], grains: readonly number[]): boolean {
  const shortest = (grains.at(-1) ?? 1) * MINUTE_MS;
  return bounds.slice(1, -1).every((bound) => bound % shortest === 0);
}

/** With the end moved to where the longest bucket ends. */
function openEnded(bounds: readonly number[], grains: readonly number[]): number[] {
  const longest = (grains[0] ?? 1) * MINUTE_MS;
  const end = Math.ceil((bounds.at(-1) as number) / longest) * longest;
  return [...bounds.slice(0, -1), end];
}

/** Pieces for one statement. */
function* batchesOf(pieces: readonly Piece[]): Generator<Piece[]> {
  let batch: Piece[] = [];
  let buckets = 0;
  for (const piece of pieces) {
    batch.push(piece);
    buckets += (piece.to - piece.from) / ((piece.grain ?? 1) * MINUTE_MS);
    if (buckets >= MAX_BUCKETS) {
      yield batch;
      batch = [];
      buckets = 0;
    }
  }
  if (batch.length > 0) yield batch;
}
