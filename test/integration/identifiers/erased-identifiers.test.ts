import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentifierIndex } from '../../../domain/personal-data/identifier-index.ts';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import {
  openSqliteDatabase,
  type SqliteDatabase,
} from '../../../infrastructure/sqlite/database.ts';
import { createSqliteProcessStore } from '../../../infrastructure/sqlite/process-store.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { identifiersOf } from '../../support/identifiers.ts';
import { instanceOn, MASTER, PERSONAL_EVENTS } from '../../support/personal.ts';

const { requested, completed } = PERSONAL_EVENTS;

describe('the hashes of erased processes on SQLite', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'erased.db');
  const masterKeys = readMasterKeys(MASTER);
  let database: SqliteDatabase;
  beforeAll(async () => {
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    database = await openSqliteDatabase({ ...options, file, masterKeys });
  });
  afterAll(async () => {
    await database?.close();
    folder.remove();
  });

  it('are not in the file any more, wherever their rows were before', async () => {
    const ids = Array.from({ length: 120 }, (_, at) => `moved-${at}`);
    const { eventStore } = instanceOn(database);
    for (const id of ids) await eventStore.append(id, [requested, completed]);
    await database.processStore.projectMany(ids);
    await relayAll(database);
    const [{ value: hash }] = await database.knex('process_identifier').where({ is_hashed: 1 });
    expect(readFileSync(`${file}-wal`).includes(hash), 'the hash before').toBe(true);
    for (let moved = 1; moved > 0; ) moved = (await moveBatch(database, 50)).processes;
    await database.archive.restore('moved-7');
    for (const id of ids) await database.processKeys.erase(id);
    expect(await database.processKeys.scrub()).toBe(true);
    expect(readFileSync(file).includes(hash), 'the hash in the file').toBe(false);
  });

  it('are not written by a projection that has read the key before', async () => {
    const { writer, processKeys, processStore: list } = database;
    const index = createIdentifierIndex(processKeys, masterKeys);
    const store = createSqliteProcessStore({
      ...list,
      db: writer.db,
      groupCommit: writer.ordered,
      identifierIndex: {
        ...index,
        async rowsOf(sources) {
          const rows = await index.rowsOf(sources);
          await processKeys.erase('met');
          return rows;
        },
      },
    });
    await instanceOn(database).eventStore.append('met', [requested, completed]);
    expect(await store.project('met')).toMatchObject({ status: 'ok' });
    expect((await identifiersOf(database, 'met')).live).toEqual(['userId=42']);
  });
});
