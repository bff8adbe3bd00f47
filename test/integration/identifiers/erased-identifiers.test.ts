import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentifierIndex } from '../../../domain/personal-data/identifier-index.ts';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import {
  openSqliteDatabase,
  type SqliteDatabase,
} from '../../../infrastructure/sqlite/database.ts';
import { insertIdentifiers } from '../../../infrastructure/sqlite/identifiers.ts';
import { createSqliteProcessStore } from '../../../infrastructure/sqlite/process-store.ts';
import { moveBatch, relayAll } from '../../support/archive-world.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { identifiersOf } from '../../support/identifiers.ts';
import { instanceOn, MASTER, PERSONAL_EVENTS } from '../../support/personal.ts';
import { rebuild } from '../../support/rebuild-world.ts';

const { requested, completed } = PERSONAL_EVENTS;

/**
 * The pages of a database file without what SQLite leaves between the cells of a page
 * (https://sqlite.org/fileformat.html#b_tree_pages).
 */
function cellsOf(file: Buffer): Buffer {
  const cells = Buffer.from(file);
  for (let page = 0; page < cells.length; page += 4_096) {
    const header = page === 0 ? 100 : page;
    const isInterior = [2, 5].includes(cells.readUInt8(header));
    if (!isInterior && ![10, 13].includes(cells.readUInt8(header))) continue;
    const pointers = header + (isInterior ? 12 : 8);
    cells.fill(
      0,
      pointers + 2 * cells.readUInt16BE(header + 3),
      page + cells.readUInt16BE(header + 5),
    );
  }
  return cells;
}

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
    expect(cellsOf(readFileSync(file)).includes(hash), 'the hash in the file').toBe(false);
  });

  it('are nowhere in the file after a rebuild, not even between the cells of pages', async () => {
    const rows = Array.from({ length: 3_000 }, (_, at) => ({
      correlationId: `copied-${at}`,
      processName: 'onboard-user',
      name: 'email',
      value: createHash('sha256').update(`${at}`).digest('hex'),
      number: null,
      isHashed: true,
    }));
    const insert = insertIdentifiers(database.writer.db, 'process_identifier');
    for (let at = 0; at < rows.length; at += 5) insert(rows.slice(at, at + 5));
    // Pages without rows would be zeroed: some rows stay in each.
    const erased = rows.filter((_, at) => at % 4 > 0);
    for (const { correlationId } of erased) await database.processKeys.erase(correlationId);
    const inFile = (bytes: Buffer) => erased.filter(({ value }) => bytes.includes(value)).length;
    await database.processKeys.scrub();
    expect(inFile(readFileSync(file)), 'copies that SQLite has left').toBeGreaterThan(0);
    expect(inFile(cellsOf(readFileSync(file))), 'rows').toBe(0);
    const store = await database.openRebuild();
    await rebuild(store);
    await store.close();
    expect(await database.processKeys.scrub()).toBe(true);
    expect(inFile(readFileSync(file)), 'copies').toBe(0);
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
