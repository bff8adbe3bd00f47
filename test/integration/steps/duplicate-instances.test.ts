import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startInstance } from '../../../domain/engine/start-instance.ts';
import { decide } from '../../../domain/process/decide.ts';
import { fold } from '../../../domain/process/process-state.ts';
import type { ProcessDefinition } from '../../../domain/steps/define-process.ts';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

describe.each(await portKinds())('duplicate instances on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    /** A process of two steps, and the tasks that its handlers were called for. */
    async function counted() {
      const runs: string[] = [];
      const definition = await rig.process({
        steps: (step) =>
          ['first', 'last'].map((name, at) =>
            step({
              ...plain(name, at + 1),
              ...(name === 'last' ? { ends: 'ok' as const } : {}),
              handle: (_input, { idempotencyKey }) => {
                runs.push(`${name} ${idempotencyKey}`);
                return {};
              },
            }),
          ),
      });
      return { definition, runs };
    }

    /** Asks for a process, and starts that many instances of it, as deliveries at one moment may. */
    async function startTwice({ key }: ProcessDefinition, times = 2) {
      const correlationId = `${key}-${randomUUID()}`;
      const request = { processName: key, identity: {}, variables: {}, requestHash: '' };
      const { events } = await rig.eventStore.append(
        correlationId,
        decide({ type: 'request-process', ...request }, null),
      );
      const instances = await Promise.all(
        Array.from({ length: times }, () =>
          rig.engine.start(key, correlationId, { correlationId }),
        ),
      );
      const job = { correlationId, eventId: events[0]?.id ?? '', redelivered: true };
      return { correlationId, instances, job: { name: 'start-instance', ...job } as const };
    }

    const recorded = async (correlationId: string) =>
      (await rig.eventStore.readStream(correlationId)).filter(
        ({ type }) => type === 'process-started',
      );

    it('G10: of one start, neither recorded, have the steps of one done and the other deleted', async () => {
      const { definition, runs } = await counted();
      const { correlationId, instances } = await startTwice(definition, 3);
      for (const _ of [1, 2]) rig.work(definition);
      await rig.ended(correlationId);
      const kept = fold(await rig.eventStore.readStream(correlationId))?.processInstanceId;
      for (const instance of instances) {
        const end = instance === kept ? 'COMPLETED' : /TERMINATED/;
        await until(async () => (await rig.api.state(instance)).match(end), `${instance} ended`);
      }
      expect(instances).toContain(kept);
      expect(await recorded(correlationId)).toHaveLength(1);
      expect(runs.map((run) => run.split(' ')[0])).toEqual(['first', 'last']);
    });

    it('are resolved in favour of what the worker recorded when the start job comes later', async () => {
      const { definition, runs } = await counted();
      const { correlationId, job } = await startTwice(definition, 1);
      rig.work(definition);
      await rig.ended(correlationId);
      await startInstance(job, { attempt: 2 }, rig);
      expect(await recorded(correlationId)).toHaveLength(1);
      expect(runs).toHaveLength(2);
    });

    it('that appear after the end are deleted, and none of their steps is done', async () => {
      const { definition, runs } = await counted();
      const { correlationId } = await startTwice(definition, 1);
      rig.work(definition);
      await rig.ended(correlationId);
      const late = await rig.engine.start(definition.key, correlationId, { correlationId });
      await until(
        async () => /TERMINATED/.test(await rig.api.state(late)),
        'the duplicate instance is gone',
      );
      expect(runs).toHaveLength(2);
    });
  });
});
