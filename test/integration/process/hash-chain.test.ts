import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessEvent } from '../../../domain/process/events.ts';
import type { EventRow } from '../../../infrastructure/sql/columns.ts';
import { chainHash, expectedHash } from '../../../infrastructure/sql/event-hash.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, stepCompleted, stepFailed } from '../../support/events.ts';

const FAR_FUTURE = '9999-01-01T00:00:00.000Z';

/** Texts that a database may give back other than it got them. */
const AWKWARD = [
  'Grüße, 世界 👋🏽',
  'half a pair: \ud83d, and the other: \udc4b',
  'line\r\nbreak\tand \\ "quotes" \u0001 \u2028',
  ' spaces around ',
  'x'.repeat(9_000),
];

describe.each(databaseKinds())('the hash chain on $name', ({ available, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (available) database = await open();
  });
  afterAll(async () => {
    await database?.destroy();
  });
  const append = (id: string, events: ProcessEvent[]) => database.eventStore.append(id, events);

  /** The rows of a stream as the database gives them back. */
  async function rowsOf(id: string, table = 'event_log'): Promise<EventRow[]> {
    const rows = await database.knex(table).where({ correlation_id: id }).orderBy('version');
    return rows.map((row) => ({ ...row, created_at: new Date(row.created_at).toISOString() }));
  }

  function expectChain(rows: readonly EventRow[]): void {
    let previous: Buffer | null = null;
    for (const row of rows) {
      expect(row.hash?.toString('hex'), `version ${row.version}`).toBe(
        expectedHash(row, previous).toString('hex'),
      );
      previous = row.hash;
    }
  }

  it.skipIf(!available)(
    'links every event to the one before it, over several appends',
    async () => {
      await append('chain', [requested()]);
      await append('chain', [
        stepFailed('chain', 1),
        stepFailed('chain', 2),
        stepCompleted('chain'),
      ]);
      await append('chain', [completed()]);
      const rows = await rowsOf('chain');
      expect(rows).toHaveLength(5);
      expectChain(rows);
    },
  );

  it.skipIf(!available)('covers what is stored, whatever text that is', async () => {
    const events = AWKWARD.map((text, at): ProcessEvent => {
      const event = stepFailed('awkward', at + 1);
      const { data } = event as Extract<ProcessEvent, { type: 'step-failed' }>;
      return {
        ...event,
        audit: {
          endpoint: `http://partner/${text}`,
          targetSystem: text.slice(0, 300),
          result: text,
        },
        identity: { ...event.identity, identifiers: { [text]: text } },
        data: { ...data, message: text, input: { text } },
      } as ProcessEvent;
    });
    await append('awkward', [requested(), ...events]);
    expectChain(await rowsOf('awkward'));
  });

  it.skipIf(!available)('continues through the archive', async () => {
    await append('archived', [requested(), completed()]);
    await database.processStore.project('archived');
    await database.knex('outbox').where({ correlation_id: 'archived' }).delete();
    await database.archive.moveBatch({ endedBefore: FAR_FUTURE, limit: 500 });
    await append('archived', [stepCompleted('late'), stepCompleted('later')]);
    const rows = await rowsOf('archived', 'event_log_archive');
    expect(rows).toHaveLength(4);
    expectChain(rows);
  });

  it.skipIf(!available)('begins after events from before there were hashes', async () => {
    await append('old', [requested(), stepFailed('old', 1)]);
    await database.knex('event_log').where({ correlation_id: 'old' }).update({ hash: null });
    await append('old', [completed()]);
    const last = (await rowsOf('old')).at(-1);
    expect(last && expectedHash(last, null)).toEqual(last?.hash);
  });
});

it('a hash is SHA-256 over the hash before, version, time and content', () => {
  const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
  const createdAt = '2026-01-02T03:04:05.000Z';
  const first = chainHash(null, { version: 1, createdAt, content: 'aa' });
  expect(first).toEqual(sha256(':1:1767323045000:aa'));
  const numbers = [0, 8, 16, 24].map((at) => first.readBigInt64BE(at)).join('.');
  expect(chainHash(first, { version: 2, createdAt, content: 'bb' })).toEqual(
    sha256(`${numbers}:2:1767323045000:bb`),
  );
});
