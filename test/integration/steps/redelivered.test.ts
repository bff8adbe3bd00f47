import { describe, expect, it } from 'vitest';
import { BusinessRuleError } from '../../../domain/common/errors.ts';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { happened, plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

const SHORT_LOCK = { lockDurationMs: 1_000 };

describe.each(await portKinds())(
  'a task that is reported again on $name',
  ({ available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let rig: WorkerRig;
      useWorkerRig(open, (opened) => {
        rig = opened;
      });

      /**
       * A process of two steps, whose worker dies between the journal and the report of the first; another
       * worker gets the task when its lock has run out.
       */
      async function diesBeforeReport(handle: () => Record<string, never>) {
        let runs = 0;
        const definition = await rig.process({
          steps: (step) => [
            step({
              ...plain('work', 1),
              handle() {
                runs++;
                return handle();
              },
            }),
            step({ ...plain('last', 2), ends: 'ok', handle: () => ({}) }),
          ],
        });
        rig.proxy.intercept(({ path }) =>
          /\/(complete|bpmnError|failure)$/.test(path) ? 'lose-request' : 'pass',
        );
        const dying = rig.work(definition, SHORT_LOCK);
        const { correlationId, instanceId } = await rig.start(definition);
        await rig.events(
          correlationId,
          (events) => happened(events).length > 0,
          'the step is journaled',
        );
        await dying.stop(0);
        expect(happened(await rig.eventStore.readStream(correlationId))).toHaveLength(1);
        return { definition, correlationId, instanceId, runs: () => runs };
      }

      it('G2: ends its process when the engine finally refuses the report, and comes no more', async () => {
        const { definition, correlationId, instanceId, runs } = await diesBeforeReport(() => ({}));
        rig.proxy.intercept(({ path }) => (path.endsWith('/complete') ? 'answer-500' : 'pass'));
        rig.work(definition, SHORT_LOCK);
        const events = await rig.ended(correlationId);
        expect(events.at(-1)).toMatchObject({
          type: 'process-failed',
          data: { kind: 'technical', code: 'ENGINE_REFUSED', failedStep: 'work' },
        });
        await until(async () => (await rig.api.incidents(instanceId)).length === 1, 'an incident');
        expect(runs()).toBe(1);
      });

      it('G2: ends its process with the code of the rule when nothing catches its refusal', async () => {
        const { definition, correlationId, instanceId, runs } = await diesBeforeReport(() => {
          throw new BusinessRuleError('NO', 'just no');
        });
        rig.proxy.intercept(() => 'pass');
        rig.work(definition, SHORT_LOCK);
        const events = await rig.ended(correlationId);
        expect(events.at(-1)).toMatchObject({
          type: 'process-failed',
          data: { kind: 'business', code: 'NO', failedStep: 'work' },
        });
        expect(await rig.api.state(instanceId)).toBe('COMPLETED');
        expect(runs()).toBe(1);
      });

      it('G2: ends its process when the engine finally refuses the failure; a retry runs the step again', async () => {
        const { definition, correlationId, instanceId } = await diesBeforeReport(() => {
          throw new Error('broken');
        });
        rig.proxy.intercept(({ path, body }) =>
          path.endsWith('/failure') && body.errorMessage === 'broken' ? 'answer-500' : 'pass',
        );
        rig.work(definition, SHORT_LOCK);
        const events = await rig.ended(correlationId);
        expect(events.at(-1)).toMatchObject({
          type: 'process-failed',
          data: { kind: 'technical', code: 'ENGINE_REFUSED', failedStep: 'work' },
        });
        await until(async () => (await rig.api.incidents(instanceId)).length === 1, 'an incident');
        rig.proxy.intercept(() => 'pass');
        await rig.engine.retryFailed(instanceId, () => 1);
        await rig.events(
          correlationId,
          (all) => all.filter(({ type }) => type === 'step-failed').length === 2,
          'the step has run again',
        );
      });

      it('G14: takes one slot however often it comes again while its handler works', async () => {
        let open: () => void = () => {};
        const gate = new Promise<void>((resolve) => {
          open = resolve;
        });
        let runs = 0;
        const held = await rig.process({
          steps: (step) => [
            step({
              ...plain('work', 1),
              ends: 'ok',
              async handle() {
                runs++;
                await gate;
                return {};
              },
            }),
          ],
        });
        const worker = rig.work(held, { concurrency: 2 });
        const { correlationId, instanceId } = await rig.start(held);
        const locked = async () => (await rig.api.tasks(instanceId))[0]?.workerId ?? false;
        await until(() => runs === 1, 'its handler works');
        const [task] = await rig.api.tasks(instanceId);
        for (let again = 0; again < 3; again++) {
          await rig.api.unlock(task?.id ?? '');
          await until(locked, 'it has come again');
        }
        await until(() => worker.freeSlots() === 1, 'one slot is free');
        const another = await rig.start(held);
        await until(() => runs === 2, 'another process has begun');
        open();
        await Promise.all([rig.ended(correlationId), rig.ended(another.correlationId)]);
        expect(runs).toBe(2);
      });
    });
  },
);
