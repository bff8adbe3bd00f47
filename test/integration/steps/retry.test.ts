import { describe, expect, it } from 'vitest';
import { retryInstance } from '../../../domain/engine/retry-instance.ts';
import { decide } from '../../../domain/process/decide.ts';
import { isFinal } from '../../../domain/process/events.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import type { ProxyAction } from '../../support/worker-proxy.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

describe.each(await portKinds())('a retry beside the worker on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    /** A process whose one step fails finally at its first attempt, and not again. */
    async function failOnce() {
      let runs = 0;
      return rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            retry: { attempts: 1 },
            ends: 'ok',
            handle() {
              if (++runs === 1) throw new Error('not yet');
              return {};
            },
          }),
        ],
      });
    }
    /** Retries as the REST call and its job do. */
    async function retry(correlationId: string, processName: string): Promise<void> {
      const { eventStore, engine } = rig;
      const state = fold(await eventStore.readStream(correlationId));
      const command = { type: 'retry-process', processName, identity: {}, reason: 'now' } as const;
      await eventStore.append(correlationId, decide(command, state));
      await retryInstance({ correlationId }, { eventStore, engine, attemptsOf: () => 1 });
    }
    const endsWell = async (correlationId: string): Promise<void> => {
      const ends = (type: string) => type === 'process-completed';
      const all = await rig.events(
        correlationId,
        (e) => e.some((x) => ends(x.type)),
        'it ends well',
      );
      expect(all.map(({ type }) => type).filter((type) => isFinal(type as never))).toEqual([
        'process-failed',
        'process-completed',
      ]);
    };

    it('lets the worker take back a failure that reaches the engine only after it', async () => {
      const definition = await failOnce();
      let open = (): void => {};
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      let held = false;
      rig.proxy.intercept(async ({ path }): Promise<ProxyAction> => {
        if (!path.endsWith('/failure')) return 'pass';
        held = true;
        await opened;
        return 'pass';
      });
      rig.work(definition);
      const { correlationId } = await rig.start(definition);
      await rig.ended(correlationId);
      await until(() => held, 'the report is under way');
      await retry(correlationId, definition.key);
      open();
      await endsWell(correlationId);
    });

    it('runs the step again when its failure never reached the engine, and does not report it', async () => {
      const definition = await failOnce();
      rig.proxy.intercept(({ path }) => (path.endsWith('/failure') ? 'lose-request' : 'pass'));
      const first = rig.work(definition, { lockDurationMs: 1_000 });
      const { correlationId } = await rig.start(definition);
      await rig.ended(correlationId);
      await first.stop(0);
      await retry(correlationId, definition.key);
      rig.proxy.intercept(() => 'pass');
      const callsBefore = rig.proxy.calls.length;
      rig.work(definition, { lockDurationMs: 1_000 });
      await endsWell(correlationId);
      const reports = rig.proxy.calls.slice(callsBefore).map(({ path }) => path.split('/').at(-1));
      expect(reports.filter((report) => report === 'failure')).toEqual([]);
    });

    it('G10: starts one instance by jobs that come at the same moment, and once more', async () => {
      const definition = await failOnce();
      const { eventStore, engine } = rig;
      const { correlationId, instanceId } = await rig.start(definition);
      await engine.cancel(instanceId);
      const stream = await eventStore.readStream(correlationId);
      const [request] = stream;
      if (!request) throw new Error('no request');
      const common = { processName: definition.key, identity: {}, audit: {} };
      await eventStore.append(correlationId, [
        {
          ...common,
          type: 'process-failed',
          data: { kind: 'technical', code: 'GONE', message: 'gone', failedStep: null },
        },
        { ...common, type: 'process-retried', data: { reason: 'again' } },
      ]);
      const ports = { eventStore, engine, attemptsOf: () => 1 };
      await Promise.all([1, 2, 3].map(() => retryInstance({ correlationId }, ports)));
      await retryInstance({ correlationId }, ports);
      const found = await engine.findInstances(definition.key, correlationId);
      expect(found.filter((one) => one.state === 'active')).toHaveLength(1);
      const events = await eventStore.readStream(correlationId);
      expect(events.filter(({ type }) => type === 'process-started')).toHaveLength(2);
    });
  });
});
