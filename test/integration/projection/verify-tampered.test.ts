import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PARTITIONS } from '../../../domain/archive/partition.ts';
import type { Difference } from '../../../domain/projection/verification.ts';
import { EVENT_COLUMNS, type EventRow } from '../../../infrastructure/sql/columns.ts';
import { endedProcess, soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { expectVerified, type TamperedRow, tamper, verified } from '../../support/verify.ts';

type Tools = ReturnType<typeof tamper>;

interface Case {
  does: string;
  act: (tools: Tools, id: string) => Promise<unknown>;
  /** What is found, and at which versions. */
  finds: string[];
}

/** A process has four events: requested, started, step completed, completed. */
const CASES: Case[] = [
  {
    does: 'the first event removed',
    act: (tools, id) => tools.remove(id, 1),
    finds: ['event-removed 1'],
  },
  {
    does: 'an event in the middle removed',
    act: (tools, id) => tools.remove(id, 2),
    finds: ['event-removed 2'],
  },
  {
    does: 'the last event removed',
    act: (tools, id) => tools.remove(id, 4),
    finds: ['row-ahead 4'],
  },
  {
    does: 'an event removed, and the rest renumbered',
    act: async (tools, id) => {
      await tools.remove(id, 2);
      await tools.renumber(id, 3, 2);
      await tools.renumber(id, 4, 3);
    },
    finds: ['event-altered 2', 'row-ahead 4'],
  },
  {
    does: 'an event put in between',
    act: (tools, id) => tools.insert(id, 3, 3),
    finds: ['event-altered 3'],
  },
  {
    does: 'an event added at the end',
    act: (tools, id) => tools.insert(id, 4, 5),
    finds: ['event-altered 5'],
  },
  {
    does: 'two events swapped',
    act: (tools, id) => tools.swap(id, 2, 3),
    finds: ['event-altered 2'],
  },
  {
    does: 'a hash altered',
    act: (tools, id) => tools.update(id, 2, { hash: Buffer.alloc(32, 7) }),
    finds: ['event-altered 2'],
  },
  {
    does: 'the last hash altered',
    act: (tools, id) => tools.update(id, 4, { hash: Buffer.alloc(32, 7) }),
    finds: ['event-altered 4'],
  },
  {
    does: 'a hash made something else',
    act: (tools, id) => tools.update(id, 2, { hash: Buffer.from('no hash') }),
    finds: ['event-altered 2'],
  },
  {
    does: 'a hash taken away',
    act: (tools, id) => tools.update(id, 2, { hash: null }),
    finds: ['hash-missing 2'],
  },
  {
    does: 'an actor changed',
    act: (tools, id) => tools.update(id, 1, { actor: 'mallory' }),
    finds: ['event-altered 1'],
  },
  {
    does: 'an actor removed',
    act: (tools, id) => tools.update(id, 1, { actor: null }),
    finds: ['event-altered 1'],
  },
  {
    does: 'an actor made an empty text',
    act: (tools, id) => tools.update(id, 2, { actor: '' }),
    finds: ['event-altered 2'],
  },
  {
    does: 'the whole stream removed',
    act: (tools, id) => tools.remove(id),
    finds: ['row-without-events'],
  },
];

/**
 * Found as well where the events now give another state than the row, or where one was put in that the feed does not
 * know: not what this is about.
 */
const FOLLOWS = ['row-differs', 'row-behind', 'event-without-position'];

describe.each(databaseKinds())('verify on $name', ({ available, open }) => {
  describe.skipIf(!available).each(PARTITIONS)('with events that are %s', (partition) => {
    let database: TestDatabase;
    let tools: Tools;
    beforeAll(async () => {
      database = await open();
      tools = tamper(database, partition);
    });
    afterAll(() => database?.destroy());

    async function processes(ids: readonly string[]): Promise<void> {
      for (const id of ids) await endedProcess(database, id);
      if (partition === 'archived')
        await database.archive.moveBatch({ endedBefore: soon(), limit: 99 });
      await expectVerified(database, { ids });
    }

    it('G5: finds each kind of tampering, and names the first event that it concerns', async () => {
      const ids = CASES.map((_, at) => `case-${at}`);
      await processes(ids);
      const names = new Map<string, string>();
      for (const [at, { act }] of CASES.entries()) {
        const id = `case-${at}`;
        await act(tools, id);
        for (const row of await tools.rows(id)) names.set(`${id} ${row.version}`, String(row.id));
      }
      const { differences } = await verified(database);
      for (const [at, { does, finds }] of CASES.entries()) {
        const found = differences.filter(({ correlationId }) => correlationId === `case-${at}`);
        const shown = found.filter(({ kind }) => !FOLLOWS.includes(kind)).map(shownAs);
        expect(shown, does).toEqual(finds);
        for (const { version, eventId } of found) {
          if (eventId !== null) expect(eventId, does).toBe(names.get(`case-${at} ${version}`));
        }
      }
    });

    it('G5: finds whichever column of an event is altered, and names the event', async () => {
      const altered = new Map<string, TamperedRow>();
      await processes(EVENT_COLUMNS.map((name) => `altered-${name}`));
      for (const name of EVENT_COLUMNS) {
        const id = `altered-${name}`;
        const row = await tools.row(id, 3);
        altered.set(name, row);
        await tools.update(id, 3, { [name]: another(name, row) });
      }
      const { differences } = await verified(database);
      for (const name of EVENT_COLUMNS) {
        const id = `altered-${name}`;
        const found = differences.filter(({ correlationId }) => correlationId === id);
        if (name === 'correlation_id' || name === 'version') {
          expect(found.map(shownAs), name).toContain('event-removed 3');
          continue;
        }
        expect(
          found.filter(({ eventId }) => eventId === String(altered.get(name)?.id)),
          name,
        ).toMatchObject([{ kind: 'event-altered' }, ...(name === 'event_type' ? [{}] : [])]);
      }
    });
  });
});

function shownAs({ kind, version }: Difference): string {
  return version === null ? kind : `${kind} ${version}`;
}

/** A value that the column takes and that is not its own. */
function another(name: keyof EventRow, row: TamperedRow): unknown {
  const value = row[name];
  switch (name) {
    case 'created_at':
      return new Date(Date.parse(String(new Date(row.created_at).toISOString())) + 1).toISOString();
    case 'hash':
      return Buffer.alloc(32, 1);
    case 'version':
      return 99;
    case 'http_method':
      return 'PUT';
    case 'metadata':
    case 'identifiers':
    case 'request_data':
    case 'response_data':
      return '{"other":true}';
    case 'actor':
      // Set where there was none; changed and removed have cases of their own.
      return 'mallory';
    default:
      return typeof value === 'number' || name === 'http_status_code'
        ? Number(value) - 1
        : `other ${value}`;
  }
}
