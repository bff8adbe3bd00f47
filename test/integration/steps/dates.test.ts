import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { portKinds } from '../../support/engines.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

describe.each(await portKinds())('a task that comes again on $name', ({ available, open }) => {
  describe.skipIf(!available)('after its output was journaled', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    it('G2: is completed with the same dates as the first time', async () => {
      const when = new Date('2026-02-28T23:59:59.123Z');
      const text = when.toISOString();
      let given: unknown;
      const schema = z.object({ when: z.union([z.string(), z.date()]), text: z.string() });
      const definition = await rig.process({
        steps: (step) => [
          step({ ...plain('write', 1), output: schema, handle: () => ({ when, text }) }),
          step({
            ...plain('read', 2),
            input: schema,
            ends: 'ok',
            handle(input) {
              given = input;
              return {};
            },
          }),
        ],
      });
      rig.proxy.intercept(({ path }) => (path.endsWith('/complete') ? 'hang' : 'pass'));
      const { correlationId } = await rig.start(definition);
      const first = rig.work(definition, { lockDurationMs: 1_000 });
      await rig.events(
        correlationId,
        (events) => events.some(({ type }) => type === 'step-completed'),
        'the output is journaled',
      );
      await first.stop(0);
      rig.work(definition, { tasks: rig.unproxied });
      await rig.ended(correlationId);
      expect(given).toEqual({ when, text });
    });
  });
});
