import type { TestDatabase } from './databases.ts';
import { randomFrom } from './random.ts';

/** What analytics look at in an event. */
export interface AnalyticsEvent {
  correlation_id: string;
  version: number;
  event_type: string;
  step_name: string;
  status: 'ok' | 'error';
  error_message: string | null;
  target_system: string | null;
  process_name: string;
  execution_time: number | null;
  /** ISO 8601 in UTC. */
  created_at: string;
}

const STEPS = ['validate', 'check', 'call', 'prepare'];
const SYSTEMS = ['Alpha', 'Beta', null];
const MESSAGES = ['the partner answered 503', 'The partner answered 503', 'no credit', null];
const MINUTE = 60_000;
/** Begins the correlation ids of streams that are moved to the archive. */
const ARCHIVED = 'archived-';

/** Streams that begin at random times in the range, with failures, retries, cancels and some that have no end. */
export function randomStreams(options: {
  seed: number;
  from: number;
  to: number;
  streams: number;
  name: string;
}): AnalyticsEvent[] {
  const random = randomFrom(options.seed);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const events: AnalyticsEvent[] = [];
  for (let nth = 0; nth < options.streams; nth++) {
    const correlation_id = `${nth % 3 === 0 ? ARCHIVED : 'live-'}${options.name}-${nth}`;
    const process_name = pick(['onboard-user', 'fulfil-order']);
    let at = Math.floor(options.from + random() * (options.to - options.from));
    let version = 0;
    const add = (event_type: string, more: Partial<AnalyticsEvent> = {}): void => {
      version++;
      events.push({
        correlation_id,
        version,
        event_type,
        step_name: event_type,
        status: 'ok',
        error_message: null,
        target_system: null,
        process_name,
        execution_time: null,
        created_at: new Date(at).toISOString(),
        ...more,
      });
      // Some take minutes, so that ends are in other buckets than starts.
      at += Math.floor(random() ** 4 * 90 * MINUTE);
    };
    const fail = (step_name: string): void =>
      add('step-failed', {
        step_name,
        status: 'error',
        error_message: pick(MESSAGES),
        target_system: pick(SYSTEMS),
        execution_time: random() < 0.2 ? null : Math.floor(Math.exp(random() * 9)),
      });
    add('process-requested');
    add('process-started');
    if (random() < 0.1) continue;
    for (const step_name of STEPS) {
      if (random() < 0.15) fail(step_name);
      add('step-completed', {
        step_name,
        target_system: pick(SYSTEMS),
        execution_time: Math.floor(Math.exp(random() * 11)),
      });
    }
    const end = random();
    if (end < 0.1) add('process-cancelled', { status: 'error', error_message: 'no longer wanted' });
    else if (end < 0.3) {
      add('process-failed', { status: 'error', error_message: pick(MESSAGES) });
      if (random() < 0.5) {
        add('process-retried');
        add('process-completed');
      }
    } else add('process-completed');
  }
  return events.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

const ROWS_AT_ONCE = 100;

/** Writes them in this order, and moves those of the archived streams. */
export async function insertEvents(
  { kind, knex, reads }: Pick<TestDatabase, 'kind' | 'knex' | 'reads'>,
  events: readonly AnalyticsEvent[],
): Promise<void> {
  for (let at = 0; at < events.length; at += ROWS_AT_ONCE) {
    const rows = events.slice(at, at + ROWS_AT_ONCE).map((event) => ({
      ...event,
      schema_version: 4,
      created_at: reads.time(event.created_at),
    }));
    await knex('event_log').insert(rows);
  }
  if (kind === 'mssql') {
    // As an append does, so that the feed has them.
    await knex.raw(
      'INSERT INTO unpositioned_event (event_id) SELECT id FROM event_log WHERE id NOT IN (SELECT event_id FROM event_position)',
    );
  }
  const columns = ['id', 'schema_version', ...Object.keys(events[0] ?? {})].join(', ');
  const archived = `correlation_id LIKE '${ARCHIVED}%'`;
  await knex.raw(
    `INSERT INTO event_log_archive (${columns}, archived_at) SELECT ${columns}, created_at FROM event_log WHERE ${archived}`,
  );
  await knex.raw(`DELETE FROM event_log WHERE ${archived}`);
}
