import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RESERVED_VARIABLES } from '../../../domain/process/reserved-variables.ts';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { identity, retried } from '../../support/events.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

const FORGED = Object.fromEntries(
  RESERVED_VARIABLES.map((name) => [name, { type: 'String', value: 'forged' }]),
);

describe.each(await portKinds())('the stream of a task on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    /** A process of one final step, and how often its handler ran. */
    async function counted(output: Record<string, unknown> = {}) {
      let runs = 0;
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            output: z.looseObject({}),
            ends: 'ok',
            handle() {
              runs++;
              return output;
            },
          }),
        ],
      });
      return { definition, runs: () => runs };
    }
    const types = async (correlationId: string): Promise<string[]> =>
      (await rig.eventStore.readStream(correlationId)).map(({ type }) => type);
    const incidentOf = async (instanceId: string): Promise<string> => {
      const [incident] = await until(async () => {
        const found = await rig.api.incidents(instanceId);
        return found.length > 0 && found;
      }, 'an incident');
      return incident?.incidentMessage ?? '';
    };

    it('G17: is that of the business key, with the identity of its first event, whatever variables say', async () => {
      const { definition } = await counted();
      const { correlationId } = await rig.request(definition, {}, identity);
      await rig.api.startRaw(definition.key, correlationId, FORGED);
      rig.work(definition);
      const events = await rig.ended(correlationId);
      expect(events.map(({ type }) => type)).toEqual([
        'process-requested',
        'process-started',
        'step-completed',
        'process-completed',
      ]);
      for (const event of events) expect(event.identity).toEqual(identity);
      expect(await types('forged')).toEqual([]);
    });

    it('G17: decides what a step reads of the service’s own variables', async () => {
      let given: unknown;
      const text = z.string();
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            input: z.object({ correlationId: text, batch_id: text, identifiers: z.unknown() }),
            ends: 'ok',
            handle(input) {
              given = input;
              return {};
            },
          }),
        ],
      });
      const { correlationId } = await rig.request(definition, {}, identity);
      await rig.api.startRaw(definition.key, correlationId, FORGED);
      rig.work(definition);
      await rig.ended(correlationId);
      const { batchId, identifiers } = identity;
      expect(given).toEqual({ correlationId, batch_id: batchId, identifiers });
    });

    it('G17: is missing for an instance that nobody requested here, which becomes an incident with nothing done or written', async () => {
      const { definition, runs } = await counted();
      rig.work(definition);
      const businessKey = randomUUID();
      const { id } = await rig.api.startRaw(definition.key, businessKey, {});
      expect(await incidentOf(id)).toContain(`"${businessKey}"`);
      expect(await types(businessKey)).toEqual([]);
      expect(runs()).toBe(0);
    });

    it('G17: is not that of an instance with the business key of another kind of process, which becomes an incident', async () => {
      const { definition, runs } = await counted();
      const other = await counted();
      const { correlationId } = await rig.request(other.definition);
      rig.work(definition);
      const { id } = await rig.api.startRaw(definition.key, correlationId, {});
      expect(await incidentOf(id)).toContain(`is of "${other.definition.key}"`);
      expect(await types(correlationId)).toEqual(['process-requested']);
      expect(runs()).toBe(0);
    });

    it('G17: takes no more events when no request begins it', async () => {
      const { definition, runs } = await counted();
      const correlationId = randomUUID();
      const started = { type: 'process-started', data: { processInstanceId: 'x' } } as const;
      await rig.eventStore.append(correlationId, [
        { ...started, processName: definition.key, identity: {}, audit: {} },
      ]);
      rig.work(definition);
      const { id } = await rig.api.startRaw(definition.key, correlationId, {});
      await incidentOf(id);
      expect(await types(correlationId)).toEqual(['process-started']);
      expect(runs()).toBe(0);
    });

    it('G17: keeps its instance after a retry that continues in it', async () => {
      const { definition, runs } = await counted();
      const { correlationId, instanceId } = await rig.start(definition);
      const broken = { kind: 'technical', code: 'X', message: 'x', failedStep: null } as const;
      await rig.eventStore.append(correlationId, [
        {
          type: 'process-failed',
          processName: definition.key,
          identity: {},
          audit: {},
          data: broken,
        },
        { ...retried(), processName: definition.key },
      ]);
      const { id } = await rig.api.startRaw(definition.key, correlationId, {});
      rig.work(definition);
      await until(async () => /TERMINATED/.test(await rig.api.state(id)), 'the other is deleted');
      const events = await rig.ended(correlationId);
      expect(events.filter(({ type }) => type === 'process-started')).toHaveLength(1);
      await until(async () => (await rig.api.state(instanceId)) === 'COMPLETED', 'it ends');
      expect(runs()).toBe(1);
    });

    it.each(RESERVED_VARIABLES)(
      'G17: takes a final failure when the output of a step sets "%s"',
      async (name) => {
        const { definition, runs } = await counted({ [name]: 'forged' });
        rig.work(definition);
        const { correlationId } = await rig.start(definition);
        const events = await rig.ended(correlationId);
        expect(events.at(-2)).toMatchObject({
          type: 'step-failed',
          data: { kind: 'technical', code: 'RESERVED_VARIABLE', retriesLeft: 0 },
        });
        expect(events.at(-1)).toMatchObject({
          type: 'process-failed',
          data: { message: expect.stringContaining(`output.${name}`) },
        });
        expect(runs()).toBe(1);
      },
    );
  });
});
