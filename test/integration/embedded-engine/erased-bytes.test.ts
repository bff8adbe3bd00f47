import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  createEngineStore,
  type InstanceRow,
} from '../../../infrastructure/embedded-engine/engine-store.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { temporaryFolder } from '../../support/databases.ts';

const NAME = 'Ada Lovelace-Byron';

function instance(id: string, variables: string): InstanceRow {
  return {
    id,
    definition_id: 'd',
    process_key: 'k',
    business_key: id,
    state: 'COMPLETED',
    variables,
    subscriptions: '[]',
    execution: null,
    next_due_at: null,
    started_at: 0,
    ended_at: 0,
    remove_at: null,
    delete_reason: null,
  };
}

it('what the engine deletes or replaces remains nowhere in the file, however long it was', async () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'engine.db');
  const db = openSqlite(file);
  try {
    const store = createEngineStore(db, true);
    // On pages of their own, on one they share, and on those that a longer text has left.
    for (const length of [20_000, 300, 9_000, 100]) {
      for (const id of ['a', 'b', 'c']) {
        await store.save({ instance: instance(id, `${NAME} ${'x'.repeat(length)} ${NAME}`) });
      }
    }
    for (const id of ['a', 'b', 'c']) await store.removeInstance(id);
    const left = ['', '-wal'].map((suffix) => readFileSync(file + suffix).toString('latin1'));
    expect(left.join('').includes(NAME)).toBe(false);
  } finally {
    db.close();
    folder.remove();
  }
});
