import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

const LONG_POLL_MS = 1_000;
const SLOTS = 8;
/** Longer than a short poll. On a slow machine the engine is only slower still. */
const BUSY_MS = 200;

const kinds = (await portKinds()).filter(({ isDirect }) => !isDirect);
describe.each(kinds)('a worker that expects a task, on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    /** A worker whose first poll is open, and how long its polls asked the engine to wait. */
    async function pollingWorker() {
      const definition = await rig.process({
        steps: (step) => [step({ ...plain('only'), ends: 'ok', handle: () => ({}) })],
      });
      const from = rig.proxy.calls.length;
      const polls = () =>
        rig.proxy.calls
          .slice(from)
          .filter(({ path }) => path.endsWith('/fetchAndLock'))
          .map(({ body }) => Number(body.asyncResponseTimeout));
      const worker = rig.work(definition, { longPollMs: LONG_POLL_MS, concurrency: SLOTS });
      await until(() => polls().length > 0, 'it polls');
      expect(worker.freeSlots()).toBe(SLOTS);
      return { worker, polls };
    }

    it('G14: polls briefly until it has not come, so that it keeps its slot no longer than that', async () => {
      const { worker, polls } = await pollingWorker();
      expect(polls()[0]).toBe(LONG_POLL_MS);
      worker.onStarted?.();
      expect(worker.freeSlots()).toBe(SLOTS - 1);
      await until(() => worker.freeSlots() === SLOTS, 'the task is expected no more');
      expect(Math.min(...polls())).toBeLessThan(LONG_POLL_MS / 2);
      await until(() => polls().at(-1) === LONG_POLL_MS, 'it polls as before');
    });

    it('G14: expects it until the engine has answered, however busy that is', async () => {
      const { worker } = await pollingWorker();
      let isAsked = false;
      let answer = (): void => {};
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      rig.proxy.intercept(async ({ path }) => {
        if (path.endsWith('/fetchAndLock')) {
          isAsked = true;
          await answered;
        }
        return 'pass' as const;
      });
      worker.onStarted?.();
      await until(() => isAsked, 'the next poll is on its way');
      await sleep(BUSY_MS);
      expect(worker.freeSlots()).toBe(SLOTS - 1);
      answer();
      await until(() => worker.freeSlots() === SLOTS, 'the task is expected no more');
    });
  });
});
