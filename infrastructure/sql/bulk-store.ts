import type { Knex } from 'knex';
import type { BulkRun, BulkStore } from '../../domain/bulk/index.ts';
import { createGuard } from './guarded.ts';

/** A row of bulk_run; times are ISO 8601 in UTC. */
export interface BulkRunRow {
  id: string;
  action: string;
  criteria: string;
  reason: string;
  actor: string;
  max_per_second: number;
  dry_run: number;
  status: string;
  is_collected: number;
  collected: string;
  found_count: number;
  per_second: number;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
}

/** How a database wants the values that Knex would bind wrongly, and gives rows back. */
interface BulkDialect {
  key(value: string): Knex.Value;
  time(value: string): Knex.Value;
  row(raw: unknown): BulkRunRow;
  /** The texts of a JSON list in a parameter, as a query with the column `correlation_id`. */
  texts: string;
  /** Runs a statement again that met trouble which passes; it may have been done already. */
  retried<T>(run: () => Promise<T>): Promise<T>;
}

/** Reasons that are told apart in the progress of a run. */
const MAX_REASONS = 20;
/** Characters of the column. */
const MAX_FAILURE = 500;

/** Bulk runs on either database, through Knex. Each call is one statement, or several that can be run again. */
export function createBulkStore(knex: Knex, dialect: BulkDialect, now: () => number): BulkStore {
  const { key, time, row: toRow, texts, retried } = dialect;
  const runs = (id: string): Knex.QueryBuilder => knex('bulk_run').where('id', key(id));
  const items = (id: string): Knex.QueryBuilder => knex('bulk_item').where('bulk_id', key(id));
  const changedAt = (): Knex.Value => time(new Date(now()).toISOString());

  const guarded = createGuard('bulk runs', retried);

  async function countOf(id: string, failed: 0 | 1): Promise<number> {
    const [row] = await items(id).where('failed', failed).count({ n: '*' });
    return Number(row?.n ?? 0);
  }

  /** @returns whether the run was in a state for it */
  async function change(id: string, from: readonly string[], values: object): Promise<boolean> {
    const among = from.map((status) => key(status)) as string[];
    const changed = await runs(id)
      .whereIn('status', among)
      .update({ ...values, updated_at: changedAt() });
    return changed > 0;
  }

  return {
    create: guarded(async (run) => {
      if (await runs(run.id).first('id')) return;
      await knex('bulk_run').insert({
        id: key(run.id),
        action: key(run.action),
        criteria: JSON.stringify(run.filter),
        reason: run.reason,
        actor: run.actor,
        max_per_second: run.maxPerSecond,
        dry_run: Number(run.dryRun),
        status: key(run.status),
        is_collected: Number(run.isCollected),
        collected: JSON.stringify(run.collected),
        found_count: run.found,
        per_second: run.perSecond,
        created_at: time(run.createdAt),
        updated_at: time(run.updatedAt),
        ended_at: null,
      });
    }),
    get: guarded(async (id) => {
      const raw = await runs(id).first('*');
      return raw === undefined ? null : fromRow(toRow(raw));
    }),
    list: guarded(async (limit, before) => {
      // Ids begin with the time.
      const query = knex('bulk_run').select('*').orderBy('id', 'desc').limit(limit);
      if (before !== undefined) query.where('id', '<', key(before));
      const rows: unknown[] = await query;
      return rows.map((raw) => fromRow(toRow(raw)));
    }),
    active: guarded(async () => {
      const rows: unknown[] = await knex('bulk_run')
        .select('*')
        .whereIn('status', [key('collecting'), key('running')] as string[])
        .orWhere((done) => done.where('status', key('done')).whereNull('ended_at'))
        .orderBy('id');
      return rows.map((raw) => fromRow(toRow(raw)));
    }),
    progress: guarded(async (id) => {
      const run = await runs(id).first('found_count', 'dry_run');
      const found = Number(run?.dry_run) === 1 ? 0 : Number(run?.found_count ?? 0);
      const [left, failed] = [await countOf(id, 0), await countOf(id, 1)];
      const reasons: { reason: unknown; processes: unknown }[] = await items(id)
        .where('failed', 1)
        .select('failure as reason')
        .count({ processes: '*' })
        .groupBy('failure')
        .orderBy('processes', 'desc')
        .limit(MAX_REASONS);
      return {
        left,
        failed,
        done: Math.max(0, found - left - failed),
        reasons: reasons.map((row) => ({
          reason: String(row.reason),
          processes: Number(row.processes),
        })),
      };
    }),
    collect: guarded(async (id, correlationIds, collected) => {
      if (correlationIds.length > 0) {
        await knex.raw(
          `INSERT INTO bulk_item (bulk_id, correlation_id, failed)
           SELECT ?, given.correlation_id, 0 FROM (${texts}) AS given
           WHERE NOT EXISTS (
             SELECT 1 FROM bulk_item
             WHERE bulk_id = ? AND bulk_item.correlation_id = given.correlation_id
           )`,
          [key(id), JSON.stringify(correlationIds), key(id)] as Knex.RawBinding[],
        );
      }
      await runs(id).update({
        collected: JSON.stringify(collected),
        // A page that is repeated after a kill counts twice until `collected` counts what is there, which takes as
        // long as there are many.
        found_count: knex.raw('found_count + ?', [correlationIds.length]),
        updated_at: changedAt(),
      });
    }),
    collected: guarded(async (id, at) => {
      const found_count = items(id).count('*');
      await runs(id).update({ is_collected: 1, found_count, updated_at: time(at) });
      await change(id, ['collecting'], { status: key('running') });
    }),
    left: guarded(async (id, limit) => {
      const rows: { correlation_id: unknown }[] = await items(id)
        .where('failed', 0)
        .orderBy('correlation_id')
        .limit(limit)
        .select('correlation_id');
      return rows.map((row) => String(row.correlation_id));
    }),
    record: guarded(async (id, results, perSecond) => {
      const done = results.filter(({ failure }) => failure === null);
      for (const { correlationId, failure } of results) {
        if (failure === null) continue;
        await items(id)
          .where('correlation_id', key(correlationId))
          .update({ failed: 1, failure: failure.toWellFormed().slice(0, MAX_FAILURE) });
      }
      const ids = done.map(({ correlationId }) => key(correlationId)) as string[];
      if (ids.length > 0) await items(id).whereIn('correlation_id', ids).delete();
      await runs(id).update({ per_second: perSecond, updated_at: changedAt() });
    }),
    end: guarded(async (id) => {
      const run = await runs(id).first('dry_run');
      if (run?.dry_run === 1) await items(id).delete();
      return change(id, ['running'], { status: key('done') });
    }),
    close: guarded(async (id, at) => {
      await runs(id).update({ ended_at: time(at), updated_at: changedAt() });
    }),
    stop: guarded((id) => change(id, ['collecting', 'running'], { status: key('stopped') })),
    resume: guarded(async (id) => {
      const run = await runs(id).first('is_collected');
      const status = run?.is_collected === 1 ? 'running' : 'collecting';
      return change(id, ['stopped'], { status: key(status) });
    }),
    failures: guarded(async (id, limit, after) => {
      const query = items(id)
        .where('failed', 1)
        .orderBy('correlation_id')
        .limit(limit)
        .select('correlation_id', 'failure');
      if (after !== undefined) query.where('correlation_id', '>', key(after));
      const rows: { correlation_id: unknown; failure: unknown }[] = await query;
      return rows.map((row) => ({
        correlationId: String(row.correlation_id),
        reason: String(row.failure),
      }));
    }),
    deleteEnded: guarded(async (before) => {
      const old = () => knex('bulk_run').select('id').where('ended_at', '<', time(before));
      await knex('bulk_item').whereIn('bulk_id', old()).delete();
      await knex('bulk_run').where('ended_at', '<', time(before)).delete();
    }),
  };
}

function fromRow(row: BulkRunRow): BulkRun {
  return {
    id: row.id,
    action: row.action as BulkRun['action'],
    filter: JSON.parse(row.criteria),
    reason: row.reason,
    actor: row.actor,
    maxPerSecond: Number(row.max_per_second),
    dryRun: Number(row.dry_run) === 1,
    status: row.status as BulkRun['status'],
    isCollected: Number(row.is_collected) === 1,
    collected: JSON.parse(row.collected),
    found: Number(row.found_count),
    perSecond: Number(row.per_second),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at,
  };
}
