import type { Knex } from 'knex';
import type {
  Delivery,
  DeliveryFilter,
  DeliveryStatus,
  DeliveryStore,
  NewDelivery,
  SubscriptionEvent,
} from '../../domain/callbacks/index.ts';
import { type Clock, DAY_MS } from '../../domain/common/index.ts';
import type { CallbackDialect } from './callback-dialect.ts';
import { createGuard } from './guarded.ts';

interface DeliveryRow {
  id: string;
  target: string;
  url: string;
  host: string;
  event_type: string;
  correlation_id: string;
  process_key: string;
  event_position: string | number;
  event_version: number;
  notice: string | null;
  attempts: number;
  status: string;
  next_at: string;
  last_error: string | null;
  created_at: string;
}

/** Rows of one INSERT: SQL Server takes 2,100 parameters, and a row has 15. */
const ROWS = 100;
/** How long a notice is remembered as written. */
const KEEP_NOTICES_MS = 180 * DAY_MS;

/** Deliveries on either database. */
export function createDeliveryStore(
  knex: Knex,
  dialect: CallbackDialect,
  clock: Clock,
): DeliveryStore {
  const { key, time, row, runAll, retried } = dialect;
  const guarded = createGuard('deliveries', retried);
  const one = (id: string): Knex.QueryBuilder => knex('delivery').where('id', key(id));
  const keys = (texts: readonly string[]): string[] => texts.map(key) as unknown as string[];
  const now = (): Knex.Value => time(new Date(clock()).toISOString());

  function inserts(deliveries: readonly NewDelivery[]): Knex.QueryBuilder[] {
    const at = now();
    const statements: Knex.QueryBuilder[] = [];
    for (let from = 0; from < deliveries.length; from += ROWS) {
      const rows = deliveries.slice(from, from + ROWS).map((delivery) => ({
        id: key(delivery.id),
        target: key(delivery.target),
        url: delivery.url,
        host: key(delivery.host),
        event_type: key(delivery.type),
        correlation_id: key(delivery.correlationId),
        process_key: delivery.processKey,
        event_position: Number(delivery.position),
        event_version: delivery.version,
        notice: delivery.notice === null ? null : JSON.stringify(delivery.notice),
        attempts: 0,
        status: key('pending'),
        next_at: at,
        created_at: at,
      }));
      statements.push(knex('delivery').insert(rows));
    }
    return statements;
  }

  /** Of a claim: the lease of another instance may have begun after this one's had ended. */
  const claimed = (id: string, token: string): Knex.QueryBuilder =>
    one(id).where('claimed_by', key(token));

  /** Nothing of the same process for the same target is before it. */
  const hasNoPredecessor = (query: Knex.QueryBuilder): void => {
    query.whereNotExists(
      knex('delivery as before')
        .select(knex.raw('1'))
        .where('before.correlation_id', knex.ref('due.correlation_id'))
        .where('before.target', knex.ref('due.target'))
        .where('before.status', key('pending'))
        .where('before.event_position', '<', knex.ref('due.event_position')),
    );
  };

  function filtered(query: Knex.QueryBuilder, filter: DeliveryFilter): Knex.QueryBuilder {
    const { status, target, correlationId } = filter;
    if (status !== undefined) query.where('status', key(status));
    if (target !== undefined) query.where('target', key(target));
    if (correlationId !== undefined) query.where('correlation_id', key(correlationId));
    return query;
  }

  return {
    state: guarded(async () => {
      const found = await knex('delivery_position').where('id', 1).first();
      return { position: String(found.event_position), revision: Number(found.revision) };
    }),
    collect: guarded((from, to, deliveries) =>
      runAll([
        knex('delivery_position')
          .where({ id: 1, event_position: Number(from.position), revision: from.revision })
          .update({ event_position: Number(to) }),
        ...inserts(deliveries),
      ]),
    ),
    addNotices: guarded(async (notices) => {
      const old = new Date(clock() - KEEP_NOTICES_MS).toISOString();
      await knex('delivered_notice').where('created_at', '<', time(old)).delete();
      const added: NewDelivery[] = [];
      for (const notice of notices) {
        if (await knex('delivered_notice').where('id', key(notice.id)).first('id')) continue;
        const known = knex('delivered_notice').insert({ id: key(notice.id), created_at: now() });
        try {
          await runAll([known, ...inserts([notice])]);
        } catch (error) {
          // Another instance has written it meanwhile.
          if (!(await knex('delivered_notice').where('id', key(notice.id)).first('id'))) {
            throw error;
          }
          continue;
        }
        added.push(notice);
      }
      return added;
    }),
    claim: guarded(async ({ limit, token, hiddenUntil, exceptHosts }) => {
      const at = now();
      const query = knex('delivery as due')
        .select('due.id')
        .where('due.status', key('pending'))
        .where('due.next_at', '<=', at)
        .modify(hasNoPredecessor)
        .orderBy([{ column: 'due.next_at' }, { column: 'due.event_position' }])
        .limit(limit);
      if (exceptHosts.length > 0) query.whereNotIn('due.host', keys(exceptHosts));
      const due: { id: string }[] = await query;
      if (due.length === 0) return [];
      const ids = due.map(({ id }) => id);
      await runAll([
        knex('delivery')
          .whereIn('id', keys(ids))
          .where('status', key('pending'))
          .where('next_at', '<=', at)
          .update({ next_at: time(hiddenUntil), claimed_by: key(token) }),
      ]);
      const rows: unknown[] = await knex('delivery')
        .select('*')
        .whereIn('id', keys(ids))
        .where('claimed_by', key(token))
        .orderBy('event_position');
      return rows.map((raw) => fromRow(row<DeliveryRow>(raw)));
    }),
    done: guarded(async (id) => {
      await runAll([one(id).delete()]);
    }),
    retryAt: guarded(async (id, token, nextAt, error) => {
      await runAll([
        claimed(id, token).update({
          attempts: knex.raw('attempts + 1'),
          next_at: time(nextAt),
          claimed_by: null,
          last_error: error,
        }),
      ]);
    }),
    park: guarded(async (id, token, error) => {
      await runAll([
        claimed(id, token).update({
          attempts: knex.raw('attempts + 1'),
          status: key('parked'),
          claimed_by: null,
          last_error: error,
        }),
      ]);
    }),
    releaseAll: guarded(async () => {
      await runAll([
        knex('delivery').whereNotNull('claimed_by').update({ claimed_by: null, next_at: now() }),
      ]);
    }),
    list: guarded(async (filter, limit, after) => {
      const query = filtered(knex('delivery').select('*').orderBy('id').limit(limit), filter);
      if (after !== undefined) query.where('id', '>', key(after));
      const rows: unknown[] = await query;
      return rows.map((raw) => fromRow(row<DeliveryRow>(raw)));
    }),
    replay: guarded(async ({ id, ...filter }) => {
      const query = filtered(knex('delivery'), { ...filter, status: 'parked' });
      if (id !== undefined) query.where('id', key(id));
      const found = await query.clone().count({ n: '*' });
      const replayed = Number(found[0]?.n ?? 0);
      const again = { status: key('pending'), attempts: 0, next_at: now() };
      if (replayed > 0) await runAll([query.update(again)]);
      return replayed;
    }),
    counts: guarded(async () => {
      const rows: { status: string; n: unknown; oldest: unknown }[] = await knex('delivery')
        .select('status')
        .count({ n: '*' })
        .min({ oldest: 'created_at' })
        .groupBy('status');
      const of = (status: DeliveryStatus) => {
        const found = rows.find((one) => one.status === status);
        return found && row<{ n: unknown; oldest: string }>(found);
      };
      const [pending, parked] = [of('pending'), of('parked')];
      return {
        pending: Number(pending?.n ?? 0),
        parked: Number(parked?.n ?? 0),
        oldestPendingMs: pending ? Math.max(0, clock() - Date.parse(pending.oldest)) : 0,
      };
    }),
  };
}

function fromRow(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    target: row.target,
    url: row.url,
    host: row.host,
    type: row.event_type as SubscriptionEvent,
    correlationId: row.correlation_id,
    processKey: row.process_key,
    position: String(row.event_position),
    version: Number(row.event_version),
    notice: row.notice === null ? null : JSON.parse(row.notice),
    attempts: Number(row.attempts),
    status: row.status as DeliveryStatus,
    nextAt: row.next_at,
    lastError: row.last_error,
    createdAt: row.created_at,
  };
}
