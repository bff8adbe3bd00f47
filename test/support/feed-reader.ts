import { expect } from 'vitest';
import type { FedEvent, FeedPosition, FeedQuery } from '../../domain/feed/event-feed.ts';
import type { Database } from '../../infrastructure/sql/database.ts';

/** Reads to the end, in pages. */
export async function readFeed(
  { eventFeed }: Pick<Database, 'eventFeed'>,
  query: Partial<FeedQuery> = {},
): Promise<{ events: FedEvent[]; position: FeedPosition; pages: number }> {
  const events: FedEvent[] = [];
  let position = query.after ?? '0';
  for (let pages = 1; ; pages++) {
    const page = await eventFeed.page({
      limit: 500,
      filter: {},
      archived: false,
      ...query,
      after: position,
    });
    events.push(...page.items);
    expect(Number(page.lookedTo), 'the position grows').toBeGreaterThanOrEqual(Number(position));
    position = page.lookedTo;
    if (page.atEnd) return { events, position, pages };
  }
}

/** Every event has one position or waits for one, every position has an event, and none is ahead of the head. */
export async function expectPositioned({ kind, knex }: Database): Promise<void> {
  if (kind !== 'mssql') return;
  const written = knex
    .select('id')
    .from('event_log')
    .unionAll(knex.select('id').from('event_log_archive'));
  const rows: { id: string | null; event_id: string | null; entries: number | string }[] =
    await knex
      .select('written.id', 'positioned.event_id', 'positioned.entries')
      .from(written.as('written'))
      .fullOuterJoin(
        knex
          .select('event_id')
          .count({ entries: '*' })
          .from(
            knex
              .select('event_id')
              .from('event_position')
              .unionAll(knex.select('event_id').from('unpositioned_event'))
              .as('all_positioned'),
          )
          .groupBy('event_id')
          .as('positioned'),
        'written.id',
        'positioned.event_id',
      )
      .whereRaw('written.id IS NULL OR positioned.event_id IS NULL OR positioned.entries <> 1');
  expect(rows).toEqual([]);
  const [{ last, head } = { last: 0, head: 0 }] = await knex.select(
    knex.raw('(SELECT MAX(position) FROM event_position) AS last'),
    knex.raw('(SELECT position FROM feed_head) AS head'),
  );
  expect(Number(head)).toBeGreaterThanOrEqual(Number(last));
}
