import { afterEach, expect, it } from 'vitest';
import { end, flows, task } from '../../support/bpmn/model.ts';
import { startOn, timerEvent } from '../../support/bpmn/notation.ts';
import { type InProcess, openInProcess } from './engine-in-process.ts';

const HOUR = 3_600_000;

let rig: InProcess;
afterEach(() => rig.close());

it('start events that an earlier version of the engine has stored start their processes when they are due', async () => {
  rig = openInProcess();
  const elements = [startOn('on', timerEvent('PT1H')), task('a'), end()];
  await rig.deploy({ p: [...elements, flows('on', 'a', 'end')] });
  const before = rig.engine.jobs.list({});
  rig.db.exec(`
    CREATE TABLE old (
      definition_id TEXT NOT NULL, activity_id TEXT NOT NULL, element INT NOT NULL, kind TEXT NOT NULL,
      name TEXT, due INT, repeat TEXT, retries INT NOT NULL, exception TEXT, created_at INT NOT NULL,
      PRIMARY KEY (definition_id, element)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO old SELECT definition_id, activity_id, element, kind, name, due, repeat, retries, exception, created_at
      FROM engine_start_event;
    DROP TABLE engine_start_event;
    ALTER TABLE old RENAME TO engine_start_event;
  `);
  await rig.restart();
  expect(rig.engine.jobs.list({}).map(({ due }) => due)).toEqual(before.map(({ due }) => due));
  expect(before).toHaveLength(1);
  rig.passes(HOUR);
  await rig.restart();
  const [started] = await rig.fetch('p.a', { waitMs: 30_000 });
  expect(started).toMatchObject({ activityId: 'a', processKey: 'p' });
});
