import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../../infrastructure/sqlite/open.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { type OldDatabase, openOld } from './old-database.ts';

const HOUR = 3_600_000;

/** How many rows the tables of the engine before have, and how many of them are still to be brought over. */
function oldRows({ db }: Pick<OldDatabase, 'db'>) {
  const sql = 'SELECT COUNT(*) AS kept, COUNT(*) - COUNT(brought_over_at) AS waiting';
  return db.prepare(`${sql} FROM engine_instance`).get();
}

describe('a database of the engine of version 0.1.0', () => {
  it('keeps every instance on its version, and counts versions on', async () => {
    const old = await openOld('versions');
    await old.complete('of version 1', 'a');
    await old.complete('of version 2', 'a');
    expect([old.open('of version 1'), old.open('of version 2')]).toEqual([['b'], ['c']]);
    const content = bpmn('versioned', start(), task('d'), end(), flows('start', 'd', 'end'));
    await old.engine.deployments.deploy([{ fileName: 'versioned.bpmn', content }]);
    const versions = old.engine.deployments.definitions({ key: 'versioned' });
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(old.engine.instances.get(old.id('of version 1')).definitionId).toBe(versions[0]?.id);
  });

  it('knows that its newest file is deployed', async () => {
    const old = await openOld('versions');
    const content = old.engine.deployments.xml(old.engine.deployments.latest('versioned').id);
    const files = [{ fileName: 'versioned.bpmn', content }];
    const { definitions } = await old.engine.deployments.deploy(files, { changedOnly: true });
    expect(definitions).toEqual([]);
  });

  it('keeps its ended instances for the history', async () => {
    const old = await openOld('ended');
    const { history } = old.engine;
    const completed = history.instance(old.id('completed'));
    expect(completed).toMatchObject({ state: 'COMPLETED', deleteReason: null });
    expect(completed.endedAt).toBeGreaterThanOrEqual(completed.startedAt);
    expect(completed.removeAt).toBe((completed.endedAt ?? 0) + 24 * HOUR);
    expect(history.variables(completed.id)).toMatchObject([
      { name: 'given', value: { type: 'String', value: 'x' } },
      { name: 'result', value: { type: 'Integer', value: 42 } },
    ]);
    expect(history.activities(completed.id)).toEqual([]);
    expect(history.instance(old.id('cancelled'))).toMatchObject({
      state: 'EXTERNALLY_TERMINATED',
      deleteReason: 'the customer left',
    });
  });

  it('loses with a deleted instance what the old tables have of it, and nothing else', async () => {
    const old = await openOld('ended');
    expect(oldRows(old)).toEqual({ kept: 3, waiting: 0 });
    const id = old.id('completed');
    await old.engine.history.delete(id);
    expect(oldRows(old)).toEqual({ kept: 2, waiting: 0 });
    await old.restart();
    expect(() => old.engine.history.instance(id)).toThrow('does not exist');
  });

  it('is brought over once: a restart changes nothing', async () => {
    const old = await openOld('scopes');
    await old.complete('both open', 'x');
    await old.restart();
    expect(old.open('both open')).toEqual(['y']);
    expect(oldRows(old)).toEqual({ kept: 6, waiting: 0 });
  });

  it('that is large is brought over in batches, and continues after one that was not committed', async () => {
    const old = await openOld('ended');
    old.db.exec(`
      INSERT INTO engine_instance (id, definition_id, process_key, business_key, state, variables, subscriptions, started_at, ended_at, remove_at)
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 450)
        SELECT 'copy-' || (1000 + n), definition_id, process_key, 'copy', state, variables, '[]', started_at, ended_at, remove_at
        FROM numbers, engine_instance WHERE business_key = 'completed';
      CREATE TRIGGER killed BEFORE UPDATE ON engine_instance WHEN OLD.id = 'copy-1250'
        BEGIN SELECT RAISE(ABORT, 'killed here'); END;
    `);
    await expect(old.restart()).rejects.toThrow('killed here');
    const db = openSqlite(old.file);
    expect(oldRows({ db })).toEqual({ kept: 453, waiting: 250 });
    db.exec('DROP TRIGGER killed');
    db.close();
    old.reopen();
    expect(oldRows(old)).toEqual({ kept: 453, waiting: 0 });
    expect(old.engine.instances.count({ businessKeys: ['copy'] })).toBe(450);
    expect(old.progress).toEqual([
      { seen: 200, total: 450 },
      { seen: 200, total: 250 },
      { seen: 250, total: 250 },
    ]);
  });
});

describe('an instance of a model that the engine of today refuses', () => {
  it('is named with its reason, stands still and can be cancelled', async () => {
    const old = await openOld('refused');
    const processInstanceId = old.id('running');
    const priority = expect.stringContaining('has the priority "high", which is no whole number');
    expect(old.warnings).toEqual([
      {
        fields: expect.objectContaining({ processKey: 'refused', reason: priority }),
        message: expect.stringContaining('deploy a version without what the reason names'),
      },
      {
        fields: {
          processInstanceId,
          correlationId: 'running',
          processKey: 'refused',
          reason: priority,
        },
        message: expect.stringContaining('cancel it and start it again'),
      },
    ]);
    expect(old.state('running')).toBe('ACTIVE');
    expect(old.engine.unreadable()).toMatchObject([{ rootProcessInstanceId: processInstanceId }]);
    expect(oldRows(old)).toEqual({ kept: 4, waiting: 1 });
    await old.engine.instances.delete(processInstanceId, 'started again');
    expect(old.engine.history.instance(processInstanceId)).toMatchObject({
      state: 'EXTERNALLY_TERMINATED',
      deleteReason: 'started again',
    });
    expect(old.engine.unreadable()).toEqual([]);
    old.warnings.length = 0;
    await old.restart();
    expect(old.warnings).toEqual([]);
    expect(oldRows(old)).toEqual({ kept: 4, waiting: 0 });
  });

  it('leaves nothing when its history is deleted', async () => {
    const old = await openOld('refused');
    const id = old.id('running');
    await old.engine.instances.delete(id, null);
    await old.engine.history.delete(id);
    expect(oldRows(old)).toEqual({ kept: 3, waiting: 0 });
    const find = old.db.prepare('SELECT 1 FROM engine_task WHERE instance_id = ?');
    expect(find.get(id)).toBeUndefined();
  });

  it('does not keep ended ones of that model from the history, nor a next version', async () => {
    const old = await openOld('refused');
    expect(old.state('ended')).toBe('COMPLETED');
    expect(old.engine.history.activities(old.id('ended'))).toEqual([]);
    const content = bpmn('refused', start(), task('a'), end(), flows('start', 'a', 'end'));
    await old.engine.deployments.deploy([{ fileName: 'refused.bpmn', content }]);
    const started = await old.engine.instances.startByKey('refused', { businessKey: 'again' });
    expect(old.engine.history.instance(started).definitionId).toMatch(/^refused:2:/);
  });
});

describe('an instance whose state cannot be read', () => {
  const damaged = (set: string) =>
    `UPDATE engine_instance SET execution = ${set} WHERE business_key = 'damaged';`;

  it('is named at every start until it can be, and the others are brought over', async () => {
    const old = await openOld('refused', damaged("substr(execution, 1, 99) || '}'"));
    const named = () => old.warnings.map(({ fields }) => fields.correlationId);
    expect(named()).toContain('damaged');
    expect(old.open('sound')).toEqual(['a']);
    await old.complete('sound', 'a');
    old.warnings.length = 0;
    await old.restart();
    expect(named().sort()).toEqual(['damaged', 'running']);
    old.db.exec(
      `UPDATE engine_instance SET execution =
         (SELECT execution FROM engine_instance WHERE business_key = 'sound') WHERE business_key = 'damaged'`,
    );
    old.warnings.length = 0;
    await old.restart();
    expect(named()).toEqual(['running']);
    expect(old.engine.history.instance(old.id('damaged')).startActivityId).toBe('start');
    await old.complete('damaged', 'a');
    expect(old.state('damaged')).toBe('COMPLETED');
  });

  it('is not taken for one that waits for nothing', async () => {
    const old = await openOld('refused', damaged(`replace(execution, '"executing"', '"entered"')`));
    const { fields } = old.warnings.find((one) => one.fields.correlationId === 'damaged') ?? {};
    expect(fields?.reason).toBe(
      'it stands at "a" (bpmn:ServiceTask, entered), which waits for nothing',
    );
  });
});
