import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FedEvent } from '../../../domain/feed/event-feed.ts';
import type { Database, DatabaseOptions } from '../../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { openMssqlDatabase } from '../../../infrastructure/sqlserver/database.ts';
import { readMssqlUrl } from '../../../infrastructure/sqlserver/target.ts';
import { createBatches } from '../../../src/cli/generate/batches.ts';
import { openMssqlSink } from '../../../src/cli/generate/mssql-sink.ts';
import { openSqliteSink } from '../../../src/cli/generate/sqlite-sink.ts';
import { readVolumes } from '../../../src/cli/generate/volumes.ts';
import { endedProcess, moveBatch } from '../../support/archive-world.ts';
import { endWithUs } from '../../support/children.ts';
import { builtFile, startKillable } from '../../support/commands.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { requested, stepCompleted } from '../../support/events.ts';
import { expectPositioned, readFeed } from '../../support/feed-reader.ts';

const options: DatabaseOptions = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

/** The same database, as another instance opens it. */
function openAgain({ kind, target }: TestDatabase): Promise<Database> {
  return kind === 'sqlite'
    ? openSqliteDatabase({ ...options, file: target })
    : openMssqlDatabase({ ...options, url: target });
}

describe.each(databaseKinds())(
  'the feed of $name during other work',
  ({ name, available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let database: TestDatabase;
      let other: Database;
      beforeEach(async () => {
        database = await open();
        other = await openAgain(database);
      });
      afterEach(async () => {
        await other?.close();
        await database?.destroy();
      });

      /** Pages from the beginning until all that was there when `done` was is read. */
      async function follow(from: Database, limit: number, done: Promise<unknown>) {
        const events: FedEvent[] = [];
        let isDone = false;
        void done.then(
          () => {
            isDone = true;
          },
          () => {},
        );
        for (let after = '0'; ; ) {
          const wasDone = isDone;
          const page = await from.eventFeed.page({ after, limit, filter: {}, archived: true });
          events.push(...page.items);
          after = page.lookedTo;
          if (page.atEnd && wasDone) return events;
        }
      }

      /** Every event of the tables is there once, by rising positions, each stream in its order. */
      async function expectAll(events: readonly FedEvent[]): Promise<void> {
        const positions = events.map(({ position }) => Number(position));
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
        const written: string[] = [];
        for (const table of ['event_log', 'event_log_archive']) {
          const ids = await database.knex(table).pluck('id');
          written.push(...ids.map(String));
        }
        const read = events.map(({ event }) => event.id);
        expect(read).toHaveLength(written.length);
        expect(new Set(read)).toEqual(new Set(written));
        const versions = new Map<string, number>();
        for (const { event } of events) {
          const next = (versions.get(event.correlationId) ?? 0) + 1;
          expect(event.version, event.correlationId).toBe(next);
          versions.set(event.correlationId, next);
        }
      }

      it('G9: gives every reader every event once and each stream in order, over appends, archiving and restoring', async () => {
        const ended = Array.from({ length: 6 }, (_, at) => `ended-${at}`);
        for (const id of ended) await endedProcess(database, id);
        let writing = 6;
        const write = async (from: Database, writer: number): Promise<void> => {
          for (let at = 0; at < 40; at++) {
            const events = Array.from({ length: 1 + (at % 3) }, (_, nth) =>
              stepCompleted(`${writer}-${at}-${nth}`),
            );
            const late = at % 8 === 0;
            const id = late ? ended[at % ended.length] : `shared-${(at + writer) % 5}`;
            await from.eventStore.append(id as string, events);
          }
          writing--;
        };
        const archive = async (): Promise<void> => {
          while (writing > 0) {
            for (const id of ended) await database.processStore.project(id);
            const rows = await database.outbox.claim(1_000, 60_000);
            await database.outbox.remove(rows.map(({ eventId }) => eventId));
            await moveBatch(database, 2);
          }
        };
        const restore = async (): Promise<void> => {
          for (let at = 0; writing > 0; at++) {
            await other.archive.restore(ended[at % ended.length] as string);
          }
        };
        const work = Promise.all([
          ...[0, 1, 2].map((writer) => write(database, writer)),
          ...[3, 4, 5].map((writer) => write(other, writer)),
          archive(),
          restore(),
        ]);
        const reads = await Promise.all([
          follow(database, 3, work),
          follow(other, 7, work),
          follow(other, 50, work),
        ]);
        await work;
        for (const events of reads) await expectAll(events);
        await expectPositioned(database);
      });

      it('G9: has every event that is generated beside live appends, too', async () => {
        const sink =
          database.kind === 'sqlite'
            ? openSqliteSink(database.target, 1)
            : await openMssqlSink(readMssqlUrl(database.target), 1);
        const events: FedEvent[] = [];
        const readOn = async (): Promise<void> => {
          const after = events.at(-1)?.position ?? '0';
          events.push(...(await readFeed(database, { after, archived: true })).events);
        };
        const volumes = readVolumes({ events: 4_500, until: '2026-01-01T00:00:00.000Z' });
        for (const batch of createBatches(volumes, await sink.reserveIds(4_600))) {
          await database.eventStore.append('live', [requested()]);
          await readOn();
          await sink.write(batch);
        }
        await sink.close();
        await readOn();
        await expectAll(events);
        await expectPositioned(database);
      });

      if (name === 'SQLite') {
        it('G9: gives a reader every event of several processes on one file', async () => {
          const writer = await builtFile('test/support/programs/shared-writer.ts');
          const ends = [1, 2, 3].map(async () => {
            const child = spawn(process.execPath, [writer, database.target, '40'], {
              stdio: ['ignore', 'ignore', 'inherit'],
            });
            endWithUs(child);
            const [code] = await once(child, 'close');
            expect(code).toBe(0);
          });
          const events = await follow(database, 5, Promise.all(ends));
          expect(events).toHaveLength(3 * 40 * 2);
          await expectAll(events);
        });
      } else {
        it('G9: loses none and gives none twice when a process is killed while it gives positions', async () => {
          const append = async (at: number): Promise<void> => {
            const many = Array.from({ length: 60 }, (_, nth) => stepCompleted(`k-${at}-${nth}`));
            await database.eventStore.append(`killed-${at}`, [requested(), ...many]);
          };
          let at = 0;
          for (let round = 0; round < 4; round++) {
            const giver = await startKillable('position-giver.ts', database.target);
            let isKilled = false;
            giver.begin();
            const killed = giver
              .reported(Math.ceil(Math.random() * 20))
              .then(giver.kill)
              .then(() => {
                isKilled = true;
              });
            while (!isKilled) await append(at++);
            await killed;
            await expectPositioned(database);
          }
          const { events } = await readFeed(database);
          expect(events).toHaveLength(at * 61);
          await expectAll(events);
          await expectPositioned(database);
        });
      }
    });
  },
);
