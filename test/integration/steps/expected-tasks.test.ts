import { describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

const LONG_POLL_MS = 1_000;
const SLOTS = 8;

const kinds = (await portKinds()).filter(({ isDirect }) => !isDirect);
describe.each(kinds)('a worker that expects a task, on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    it('G14: polls briefly until it has not come, so that it keeps its slot no longer than that', async () => {
      const definition = await rig.process({
        steps: (step) => [step({ ...plain('only'), ends: 'ok', handle: () => ({}) })],
      });
      const pollsFrom = (first: number) =>
        rig.proxy.calls
          .slice(first)
          .filter(({ path }) => path.endsWith('/fetchAndLock'))
          .map(({ body }) => Number(body.asyncResponseTimeout));
      const from = rig.proxy.calls.length;
      const worker = rig.work(definition, { longPollMs: LONG_POLL_MS, concurrency: SLOTS });
      await until(() => pollsFrom(from).length > 0, 'it polls');
      expect(pollsFrom(from)[0]).toBe(LONG_POLL_MS);
      expect(worker.freeSlots()).toBe(SLOTS);

      worker.onStarted?.();
      expect(worker.freeSlots()).toBe(SLOTS - 1);
      await until(() => worker.freeSlots() === SLOTS, 'the task is expected no more');
      expect(Math.min(...pollsFrom(from))).toBeLessThan(LONG_POLL_MS / 2);
      await until(() => pollsFrom(from).at(-1) === LONG_POLL_MS, 'it polls as before');
    });
  });
});
