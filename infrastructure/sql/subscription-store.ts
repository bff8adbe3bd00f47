import type { Knex } from 'knex';
import {
  FIRST_KEY,
  type Subscription,
  type SubscriptionEvent,
  type SubscriptionStore,
} from '../../domain/callbacks/index.ts';
import type { CallbackDialect } from './callback-dialect.ts';
import { createGuard } from './guarded.ts';

interface SubscriptionRow {
  id: string;
  url: string;
  events: string;
  process_key: string | null;
  after_position: string | number;
  created_at: string;
  created_by: string;
}

/** Subscriptions on either database. */
export function createSubscriptionStore(knex: Knex, dialect: CallbackDialect): SubscriptionStore {
  const { key, time, row, runAll, retried } = dialect;
  const guarded = createGuard('subscriptions', retried);
  const one = (id: string): Knex.QueryBuilder => knex('subscription').where('id', key(id));
  const keyOf = (id: string): Knex.QueryBuilder => knex('signing_key').where('id', key(id));
  // In each change of the subscriptions: what was collected without it is collected again.
  const countRevision = (): Knex.QueryBuilder =>
    knex('delivery_position').where('id', 1).increment('revision', 1);

  return {
    create: guarded(async (subscription) => {
      if (await one(subscription.id).first('id')) return;
      const inserted = knex('subscription').insert({
        id: key(subscription.id),
        url: subscription.url,
        events: JSON.stringify(subscription.events),
        process_key: subscription.processKey,
        after_position: Number(subscription.after),
        created_at: time(subscription.createdAt),
        created_by: subscription.createdBy,
      });
      await runAll([countRevision(), inserted]);
    }),
    list: guarded(async () => {
      const rows: unknown[] = await knex('subscription').select('*').orderBy('id');
      return rows.map((raw) => fromRow(row<SubscriptionRow>(raw)));
    }),
    get: guarded(async (id) => {
      const raw = await one(id).first('*');
      return raw === undefined ? null : fromRow(row<SubscriptionRow>(raw));
    }),
    remove: guarded(async (id) => {
      if (!(await one(id).first('id'))) return false;
      await runAll([
        countRevision(),
        one(id).delete(),
        knex('delivery').where('target', key(id)).delete(),
        keyOf(id).delete(),
      ]);
      return true;
    }),
    signingKey: guarded(async (id) => {
      const found = await keyOf(id).first('generation', 'oldest');
      if (found === undefined) return FIRST_KEY;
      return { generation: Number(found.generation), oldest: Number(found.oldest) };
    }),
    changeKey: guarded(async (id, from, to) => {
      const exists = async (): Promise<boolean> => (await keyOf(id).first('id')) !== undefined;
      if (await exists()) return runAll([keyOf(id).where(from).update(to)]);
      if (from.generation !== FIRST_KEY.generation) return false;
      try {
        await runAll([knex('signing_key').insert({ id: key(id), ...to })]);
        return true;
      } catch (error) {
        // Another call has changed it meanwhile.
        if (await exists()) return false;
        throw error;
      }
    }),
  };
}

function fromRow(row: SubscriptionRow): Subscription {
  return {
    id: row.id,
    url: row.url,
    events: JSON.parse(row.events) as SubscriptionEvent[],
    processKey: row.process_key,
    after: String(row.after_position),
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
