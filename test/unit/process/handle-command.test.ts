import { describe, expect, it } from 'vitest';
import { VersionConflictError } from '../../../domain/common/errors.ts';
import { endProcess } from '../../../domain/process/end-process.ts';
import type { EventStore } from '../../../domain/process/event-store.ts';
import { handleCommand } from '../../../domain/process/handle-command.ts';
import { readProcess } from '../../../domain/process/process-stream.ts';
import { requested, started, stepCompleted } from '../../support/events.ts';
import { openStreamInMemory } from '../../support/stream-in-memory.ts';

const ID = 'process-1';

const createStore = () => openStreamInMemory(ID);

describe('the command handler', () => {
  it('appends what was decided at the version that was read, and answers with the new state', async () => {
    const store = createStore();
    store.add(requested(), started());
    const handled = await handleCommand(ID, () => [stepCompleted('a')], store);
    expect(handled).toMatchObject({
      kind: 'appended',
      events: [{ version: 3 }],
      state: { version: 3 },
    });
    expect(store.expected).toEqual([2]);
  });

  it('decides again on a conflict, from the new events of the stream', async () => {
    const store = createStore();
    store.add(requested());
    const versions: (number | undefined)[] = [];
    const handled = await handleCommand(
      ID,
      ({ state }) => {
        versions.push(state?.version);
        return state?.processInstanceId ? [] : [started()];
      },
      store,
      { beforeAppend: () => store.add(started()) },
    );
    expect(versions).toEqual([1, 2]);
    expect(handled).toMatchObject({ kind: 'nothing', stream: { state: { version: 2 } } });
  });

  it('leaves a conflict to the caller whose decision depends on more than the stream', async () => {
    const store = createStore();
    store.add(requested());
    const from = await readProcess(store, ID);
    store.add(started());
    await expect(
      handleCommand(ID, () => [stepCompleted('a')], store, { from, onConflict: 'throw' }),
    ).rejects.toThrow(VersionConflictError);
    expect(store.expected).toEqual([1]);
  });

  it('reads nothing for a new stream, and reads it when it turns out to exist', async () => {
    const store = createStore();
    const start = () =>
      handleCommand(ID, ({ first }) => (first ? [] : [requested()]), store, { from: 'new' });
    expect(await start()).toMatchObject({ kind: 'appended', state: { version: 1 } });
    expect(store.reads).toBe(0);
    expect(await start()).toMatchObject({ kind: 'nothing', stream: { first: { version: 1 } } });
    expect(store.reads).toBe(1);
    expect(store.expected).toEqual([0, 0]);
  });

  it('expects no version for events that are true in any state', async () => {
    const store = createStore();
    store.add(requested(), started());
    const handled = await handleCommand(ID, () => [stepCompleted('a')], store, { from: 'any' });
    expect(handled).toMatchObject({ kind: 'appended', events: [{ version: 3 }], state: null });
    expect(store).toMatchObject({ reads: 0, expected: [undefined] });
  });

  it('answers with the event that has the dedupe key already', async () => {
    const store = createStore();
    store.add(requested(), stepCompleted('a'));
    const handled = await handleCommand(ID, () => [stepCompleted('a')], store, { from: 'any' });
    expect(handled).toMatchObject({ kind: 'duplicate', event: { version: 2 } });
  });
});

describe('the function endProcess', () => {
  const end = (store: EventStore, result: string) =>
    endProcess(ID, { type: 'end-process', outcome: { status: 'ok', result } }, store);

  it('lets one of two ends win, and gives the other its outcome', async () => {
    const store = createStore();
    store.add(requested());
    const answers = await Promise.all([end(store, 'first'), end(store, 'second')]);
    expect(answers).toMatchObject([
      { kind: 'done', state: { status: 'ok', data: 'first' } },
      { kind: 'already-ended', state: { status: 'ok', data: 'first' } },
    ]);
  });

  it('knows no process whose stream is empty', async () => {
    expect(await end(createStore(), 'none')).toEqual({ kind: 'unknown' });
  });
});
