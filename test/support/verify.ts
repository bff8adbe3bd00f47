import type { Knex } from 'knex';
import { expect } from 'vitest';
import type { Partition } from '../../domain/archive/partition.ts';
import type { Difference, Repair } from '../../domain/projection/verification.ts';
import {
  type VerifyOptions,
  type VerifyTotals,
  verifyProcesses,
} from '../../domain/projection/verify-processes.ts';
import type { EventRow } from '../../infrastructure/sql/columns.ts';
import type { Database } from '../../infrastructure/sql/database.ts';

export type TamperedRow = EventRow & { id: number | string; archived_at?: string };

/** Changes the events of one process as somebody with a database client can. */
export function tamper({ knex }: Pick<Database, 'knex'>, partition: Partition) {
  const table = partition === 'live' ? 'event_log' : 'event_log_archive';
  const of = (correlationId: string): Knex.QueryBuilder =>
    knex(table).where({ correlation_id: correlationId });
  const event = (correlationId: string, version: number): Knex.QueryBuilder =>
    of(correlationId).where({ version });
  const rows = (id: string): Promise<TamperedRow[]> => of(id).select().orderBy('version');
  const row = async (id: string, version: number): Promise<TamperedRow> => {
    const [found] = await event(id, version).select();
    return found;
  };
  const renumber = async (id: string, from: number, to: number): Promise<void> => {
    await event(id, from).update({ version: to });
  };
  return {
    rows,
    row,
    renumber,
    update: async (id: string, version: number, values: object): Promise<void> => {
      await event(id, version).update(values);
    },
    remove: async (id: string, version?: number): Promise<void> => {
      await (version === undefined ? of(id) : event(id, version)).delete();
    },
    /** Inserts a copy of an event under a version of its own and moves the later events up. */
    async insert(id: string, copyOf: number, version: number): Promise<void> {
      const later = (await rows(id)).map((one) => one.version).filter((one) => one >= version);
      for (const one of later.reverse()) await renumber(id, one, one + 1);
      const copied = await row(id, copyOf >= version ? copyOf + 1 : copyOf);
      const { id: _, ...columns } = copied;
      const [highest] = await knex(table).max({ last: 'id' });
      const given = partition === 'archived' ? { id: Number(highest?.last) + 1_000_000 } : {};
      await knex(table).insert({ ...columns, ...given, version, dedupe_key: `forged-${id}` });
    },
    async swap(id: string, one: number, other: number): Promise<void> {
      await renumber(id, one, 1_000);
      await renumber(id, other, one);
      await renumber(id, 1_000, other);
    },
  };
}

export interface Verified {
  totals: VerifyTotals;
  differences: Difference[];
  repairs: (Repair & { correlationId: string })[];
}

/** Runs `verify` and collects its findings. By default events may wait for their projection for an hour. */
export async function verified(
  { verification }: Pick<Database, 'verification'>,
  options: Partial<VerifyOptions> = {},
  signal = new AbortController().signal,
): Promise<Verified> {
  const differences: Difference[] = [];
  const repairs: Verified['repairs'] = [];
  const totals = await verifyProcesses(verification, { maxLagMs: 3_600_000, ...options }, signal, {
    difference: (difference) => differences.push(difference),
    repaired: (correlationId, repair) => repairs.push({ correlationId, ...repair }),
    progress: () => {},
  });
  return { totals, differences, repairs };
}

/** G5, G8: expects that `verify` finds nothing; returns its totals. */
export async function expectVerified(
  database: Pick<Database, 'verification'>,
  options: Partial<VerifyOptions> = {},
): Promise<VerifyTotals> {
  const { totals, differences } = await verified(database, options);
  expect(differences).toEqual([]);
  return totals;
}
