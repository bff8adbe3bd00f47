import { describe, expect, it } from 'vitest';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { createProcessOfTask } from '../../../domain/user-tasks/process-of-task.ts';

/** Recorded processes: the correlation id, the key and the instance of each. */
const PROCESSES = [
  { correlationId: 'order-1', processName: 'order', processInstanceId: 'i-1' },
  { correlationId: 'order-2', processName: 'order', processInstanceId: null },
] as ProcessState[];

function rig(roots: Record<string, { id: string; key: string; businessKey: string | null }>) {
  const asked: string[] = [];
  const processOf = createProcessOfTask({
    engine: {
      async findRoot(instanceId) {
        asked.push(instanceId);
        const root = roots[instanceId];
        return root
          ? { processInstanceId: root.id, processKey: root.key, businessKey: root.businessKey }
          : null;
      },
    },
    findProcess: async (id) => PROCESSES.find((one) => one.correlationId === id) ?? null,
  });
  return { processOf, asked };
}

describe('the process of a user task', () => {
  it('is that of the business key when its instance is the recorded one, without a question to the engine', async () => {
    const { processOf, asked } = rig({});
    const task = { processInstanceId: 'i-1', businessKey: 'order-1' };
    expect((await processOf(task))?.correlationId).toBe('order-1');
    expect(asked).toEqual([]);
  });

  it('G17: is that of the root of a called instance, whatever business key that has, and the engine is asked once', async () => {
    const root = { id: 'i-1', key: 'order', businessKey: 'order-1' };
    const { processOf, asked } = rig({ called: root });
    for (const businessKey of [null, 'order-1', 'order-2']) {
      const found = await processOf({ processInstanceId: 'called', businessKey });
      expect(found?.correlationId).toBe('order-1');
    }
    expect(asked).toEqual(['called']);
  });

  it.each([
    ['an instance that runs no more', 'gone', 'order-1'],
    ['a root without a business key', 'keyless', null],
    ['a second instance with the same business key', 'second', 'order-1'],
    ['an instance that is not recorded yet', 'early', 'order-2'],
    ['a business key that nobody requested', 'unknown', 'nobody'],
    ['another process with the business key', 'other', 'order-1'],
  ])('G17: is null for %s', async (_what, processInstanceId, businessKey) => {
    const { processOf } = rig({
      keyless: { id: 'keyless', key: 'order', businessKey: null },
      second: { id: 'second', key: 'order', businessKey: 'order-1' },
      early: { id: 'early', key: 'order', businessKey: 'order-2' },
      unknown: { id: 'unknown', key: 'order', businessKey: 'nobody' },
      other: { id: 'i-1', key: 'another', businessKey: 'order-1' },
    });
    expect(await processOf({ processInstanceId, businessKey })).toBeNull();
  });
});
