import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { happened, plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

describe.each(await portKinds())(
  'a worker whose engine is $name',
  ({ available, isDirect, open }) => {
    describe.skipIf(!available)('in trouble', () => {
      let rig: WorkerRig;
      useWorkerRig(open, (opened) => {
        rig = opened;
      });

      const finished = (instanceId: string) =>
        until(async () => (await rig.api.state(instanceId)) === 'COMPLETED', 'the instance ends');

      /** A process of one step, that ends it or does not; how often its handler ran. */
      async function counted({ final } = { final: true }) {
        let runs = 0;
        const definition = await rig.process({
          steps: (step) => [
            step({
              ...plain('work'),
              ...(final ? { ends: 'ok' as const } : {}),
              handle() {
                runs++;
                return {};
              },
            }),
          ],
        });
        return { definition, runs: () => runs };
      }

      it.skipIf(isDirect)(
        'G10: pauses longer while the engine is away, and works when it is back',
        async () => {
          const { definition, runs } = await counted();
          await rig.proxy.cut();
          rig.log.splice(0);
          rig.work(definition);
          const pauses = () =>
            rig.log
              .filter(({ message }) => message === 'the engine cannot be polled')
              .map(({ fields }) => fields.pause);
          await until(() => pauses().length >= 3, 'three polls fail');
          expect(pauses().slice(0, 3)).toEqual([100, 200, 400]);
          await rig.proxy.restore();
          const { correlationId } = await rig.start(definition);
          await rig.ended(correlationId);
          expect(runs()).toBe(1);
          expect(rig.log.map(({ message }) => message)).toContain('the engine answers again');
        },
      );

      it('G10: fails no process when the engine’s own database is away', async () => {
        const { definition } = await counted();
        let sick = true;
        const trouble = isDirect ? 'lose-request' : 'answer-500';
        rig.log.splice(0);
        rig.proxy.intercept(({ path }) =>
          sick && /\/(complete|extendLock|failure)$/.test(path) ? trouble : 'pass',
        );
        rig.work(definition, { lockDurationMs: 1_000 });
        const { correlationId, instanceId } = await rig.start(definition);
        await until(
          () => rig.log.some(({ fields }) => fields.kind === 'unreachable'),
          'the worker gives up for now',
        );
        sick = false;
        await finished(instanceId);
        const events = happened(await rig.eventStore.readStream(correlationId));
        expect(events.map(({ type }) => type)).toEqual(['step-completed', 'process-completed']);
      });

      it.skipIf(isDirect)(
        'G10: fails no process when a report keeps meeting another transaction',
        async () => {
          const { definition, runs } = await counted();
          let meets = true;
          rig.proxy.calls.splice(0);
          rig.log.splice(0);
          rig.proxy.intercept(({ path }) =>
            meets && path.endsWith('/complete') ? 'answer-conflict' : 'pass',
          );
          rig.work(definition, { lockDurationMs: 1_000 });
          const { correlationId, instanceId } = await rig.start(definition);
          await until(
            () => rig.log.some(({ fields }) => fields.kind === 'unreachable'),
            'the worker gives up for now',
          );
          // That would be one more transaction to meet, and the journal needs no lock.
          const calls = rig.proxy.calls.map(({ path }) => path);
          const report = calls.findIndex((path) => path.endsWith('/complete'));
          const task = dirname(calls[report] ?? '');
          const since = calls.slice(report).filter((path) => dirname(path) === task);
          // On a slow machine the task has come again by now, and its report is under way once more.
          expect(since.length).toBeGreaterThanOrEqual(5);
          expect(new Set(since.map((path) => basename(path)))).toEqual(new Set(['complete']));
          meets = false;
          await finished(instanceId);
          const events = happened(await rig.eventStore.readStream(correlationId));
          expect(events.map(({ type }) => type)).toEqual(['step-completed', 'process-completed']);
          expect(runs()).toBe(1);
        },
      );

      it('ends the process with the reason when the engine cannot continue with a result', async () => {
        const { definition } = await counted({ final: false });
        rig.proxy.intercept(({ path }) => (path.endsWith('/complete') ? 'answer-500' : 'pass'));
        rig.work(definition);
        const { correlationId, instanceId } = await rig.start(definition);
        const events = await rig.ended(correlationId);
        expect(events.at(-1)).toMatchObject({
          type: 'process-failed',
          data: { kind: 'technical', code: 'ENGINE_REFUSED', failedStep: 'work' },
        });
        await until(async () => (await rig.api.incidents(instanceId)).length === 1, 'an incident');
      });

      it('G12: stops in time when the engine takes a report and never answers', async () => {
        const { definition, runs } = await counted();
        rig.proxy.intercept(({ path }) => (path.endsWith('/complete') ? 'hang' : 'pass'));
        const { correlationId, instanceId } = await rig.start(definition);
        const worker = rig.work(definition, { lockDurationMs: 1_000 });
        await rig.ended(correlationId);
        const began = Date.now();
        await worker.stop(50);
        expect(Date.now() - began).toBeLessThan(12_000);
        rig.work(definition, { tasks: rig.unproxied });
        await finished(instanceId);
        expect(runs()).toBe(1);
      });
    });
  },
);
