import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFindProcess } from '../../../domain/process/find-process.ts';
import { createProcessMap, type ProcessMap } from '../../../domain/process/process-map.ts';
import { fold, type ProcessState } from '../../../domain/process/process-state.ts';
import { createPublishState } from '../../../domain/process/publish-state.ts';
import { createInProcessNotifier } from '../../../infrastructure/in-process/notifier.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import { completed, requested, started, stepCompleted } from '../../support/events.ts';
import { silent } from '../../support/queues.ts';

describe('publishing the states of commits', () => {
  let database: TestDatabase;
  let processMap: ProcessMap;
  let published: ProcessState[];

  beforeEach(async () => {
    const sqlite = databaseKinds().find(({ name }) => name === 'SQLite');
    if (!sqlite) throw new Error('no SQLite');
    published = [];
    processMap = createProcessMap(1_000);
    const notifier = createInProcessNotifier(silent);
    notifier.subscribe((state) => {
      if (processMap.set(state)) published.push(state);
    });
    const announce = createPublishState({ processMap, notifier, log: silent });
    database = await sqlite.open({ onAppended: announce });
  });
  afterEach(() => database.destroy());

  it('G6: gives each state at its commit, though nothing is projected', async () => {
    const { eventStore, processStore } = database;
    for (const event of [requested(), started(), stepCompleted('announced'), completed()]) {
      await eventStore.append('announced', [event]);
    }
    expect(published.map((state) => state.version)).toEqual([1, 2, 3, 4]);
    expect(published.at(-1)).toEqual(fold(await eventStore.readStream('announced')));
    expect(await processStore.get('announced')).toBeNull();
  });

  it('gives states in the order of the commits when many append at once', async () => {
    const { eventStore } = database;
    await eventStore.append('busy', [requested()]);
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => eventStore.append('busy', [stepCompleted(`b-${at}`)])),
    );
    expect(published.map((state) => state.version)).toEqual(
      Array.from({ length: 51 }, (_, at) => at + 1),
    );
  });

  it('leaves it to the projection when what came before is unknown', async () => {
    const { eventStore, processStore } = database;
    await eventStore.append('dropped', [requested()]);
    processMap.clear();
    await eventStore.append('dropped', [completed()]);
    expect(published.map((state) => state.version)).toEqual([1]);
    expect(await processStore.project('dropped')).toMatchObject({ status: 'ok', version: 2 });
  });

  it('publishes nothing for an append that was there before', async () => {
    const { eventStore } = database;
    await eventStore.append('twice', [requested('key')]);
    await eventStore.append('twice', [requested('key')]);
    expect(published).toHaveLength(1);
  });

  it('G7: lets a status read say no less than an earlier one, with memory gone and projection behind', async () => {
    const { eventStore, processStore } = database;
    const findProcess = createFindProcess({ processMap, processStore, eventStore });
    await eventStore.append('behind', [requested()]);
    await processStore.project('behind');
    await eventStore.append('behind', [completed({ done: true })]);
    expect(await findProcess('behind')).toMatchObject({ status: 'ok' });
    processMap.clear();
    expect(await processStore.get('behind')).toMatchObject({ status: 'pending' });
    expect(await findProcess('behind')).toMatchObject({ status: 'ok', data: { done: true } });
  });

  it('G7: keeps a status as new as the log, whatever late news memory got after it had dropped the end', async () => {
    const { eventStore, processStore } = database;
    const findProcess = createFindProcess({
      processMap,
      processStore,
      eventStore,
      onState: (state) => processMap.set(state),
    });
    await eventStore.append('late', [requested()]);
    const old = processMap.get('late');
    await eventStore.append('late', [completed({ done: true })]);
    processMap.clear();
    if (!old) throw new Error('it was not published');
    expect(processMap.set(old)).toBe(true);
    expect(await findProcess('late')).toMatchObject({ status: 'ok', version: 2 });
    // What the look-up found, memory has from then on.
    expect(processMap.get('late')).toMatchObject({ status: 'ok', version: 2 });
  });

  it('G7: takes an event after the end from the log when memory has dropped it', async () => {
    const { eventStore, processStore } = database;
    const findProcess = createFindProcess({ processMap, processStore, eventStore });
    await eventStore.append('behind-end', [requested(), completed()]);
    await processStore.project('behind-end');
    await eventStore.append('behind-end', [started()]);
    expect(await findProcess('behind-end')).toMatchObject({ status: 'ok', version: 3 });
    processMap.clear();
    expect(await findProcess('behind-end')).toMatchObject({ status: 'ok', version: 3 });
  });
});
