import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEngine } from '../../../infrastructure/embedded-engine/engine.ts';
import { createEngineStore } from '../../../infrastructure/embedded-engine/store/store.ts';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { temporaryFolder } from '../../support/databases.ts';

const NAME = 'Ada Lovelace-Byron';

it('what the engine deletes or replaces remains nowhere in the file, however long it was', async () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'engine.db');
  const db = openSqlite(file, 'ordered');
  const log = { warn: () => {}, error: () => {} };
  const engine = openEngine(createEngineStore(db, true), { log });
  const worker = 'w';
  try {
    const content = bpmn(
      'p',
      start(),
      task('a'),
      task('b'),
      end(),
      flows('start', 'a', 'b', 'end'),
    );
    await engine.deployments.deploy([{ fileName: 'p.bpmn', content }]);
    const ids: string[] = [];
    // On pages of their own, on one they share, and on those that a longer text has left.
    for (const length of [20_000, 300, 9_000, 100]) {
      const value = `${NAME} ${'x'.repeat(length)} ${NAME}`;
      const variables = { who: { type: 'String', value } };
      for (const topicName of ['p.a', 'p.b']) {
        if (topicName === 'p.a') {
          const id = await engine.instances.startByKey('p', { variables });
          ids.push(id);
        }
        const topics = [{ topicName, lockDuration: 60_000 }];
        const [found] = await engine.externalTasks.fetchAndLock({
          workerId: worker,
          maxTasks: 1,
          topics,
        }).tasks;
        await engine.externalTasks.complete(String(found?.id), worker, {
          who: { type: 'String', value: `${value} again` },
        });
      }
    }
    for (const id of ids) await engine.history.delete(id);
    const left = ['', '-wal'].map((suffix) => readFileSync(file + suffix).toString('latin1'));
    expect(left.join('').includes(NAME)).toBe(false);
  } finally {
    await engine.close();
    db.close();
    folder.remove();
  }
});
