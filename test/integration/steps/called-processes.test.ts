import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcess, type ProcessDefinition } from '../../../domain/steps/define-process.ts';
import { bpmn, end, flows, start, task } from '../../support/bpmn/model.ts';
import { engineKinds, type TestEngine } from '../../support/engines.ts';
import { identity } from '../../support/events.ts';
import { openWorkerRig, plain, type WorkerRig } from '../../support/worker-rig.ts';

const real = (await engineKinds()).filter(({ name }) => !name.startsWith('the embedded'));

describe.each(real)('the task of a called process on $name', ({ available, open }) => {
  describe.skipIf(!available)('when it is available', () => {
    let rig: WorkerRig;
    let engine: TestEngine;
    const keys: string[] = [];
    beforeAll(async () => {
      engine = await open();
      rig = await openWorkerRig(engine);
    });
    afterAll(async () => {
      await rig?.idle();
      for (const key of keys) await rig?.api.removeProcess(key);
      await rig?.close();
      await engine?.stop();
    });

    /** Processes that are deployed only; each has its tasks as steps, the last one ends it. */
    async function deploy(name: string, elements: (key: string) => string[], tasks: string[]) {
      const key = `test-${name}-${randomUUID().slice(0, 13)}`;
      keys.push(key);
      await rig.engine.deploy(key, [
        { fileName: `${key}.bpmn`, content: bpmn(key, ...elements(key)) },
      ]);
      return defineProcess({
        ...{ key, title: key, input: z.object({}), settings: z.object({}), example: {} },
        identifiers: () => ({}),
        steps: (step) =>
          tasks.map((each, at) =>
            step({
              ...plain(each, at + 1),
              ...(at === tasks.length - 1 ? { ends: 'ok' as const } : {}),
              handle: () => ({}),
            }),
          ),
      });
    }
    const inner = () =>
      deploy('inner', () => [start(), task('do'), end(), flows('start', 'do', 'end')], ['do']);
    /** Calls another with everything it has, and with a business key if one is given. */
    const outer = (called: ProcessDefinition, businessKey: string | null) => {
      const mapped = businessKey === null ? '' : `<camunda:in businessKey="${businessKey}" />`;
      const call = `<callActivity id="call" calledElement="${called.key}"><extensionElements>${mapped}<camunda:in variables="all" /></extensionElements></callActivity>`;
      return deploy(
        'outer',
        () => [start(), call, task('last'), end(), flows('start', 'call', 'last', 'end')],
        ['last'],
      );
    };
    function work(...definitions: ProcessDefinition[]): void {
      for (const definition of definitions) rig.work(definition);
    }
    const streamOf = async (correlationId: string) =>
      (await rig.eventStore.readStream(correlationId)).map((event) =>
        'step' in event ? `${event.type} ${event.step.name}` : event.type,
      );
    const WHOLE = [
      'process-requested',
      'process-started',
      'step-completed do',
      'step-completed last',
      'process-completed',
    ];

    it.each([
      ['without a business key', null],
      ['with the same business key', '#{execution.processBusinessKey}'],
    ])(
      'G17: called %s, writes its events to the stream of the process that called it',
      async (_, key) => {
        const called = await inner();
        const calling = await outer(called, key);
        const { correlationId, instanceId } = await rig.start(calling, {}, identity);
        work(called, calling);
        const events = await rig.ended(correlationId);
        expect(await streamOf(correlationId)).toEqual(WHOLE);
        for (const event of events) {
          expect(event).toMatchObject({ processName: calling.key, identity });
        }
        expect(events[2]?.data).toMatchObject({ instanceId, calledProcess: called.key });
        expect(events[3]?.data).not.toHaveProperty('calledProcess');
      },
    );

    it('G17: called through two calls, does so as well', async () => {
      const called = await inner();
      const between = await outer(called, null);
      const calling = await outer(between, null);
      const { correlationId } = await rig.start(calling);
      work(called, between, calling);
      await rig.ended(correlationId);
      expect(await streamOf(correlationId)).toEqual([
        ...WHOLE.slice(0, 4),
        'step-completed last',
        'process-completed',
      ]);
    });

    it.each(['that runs', 'that was not started yet'])(
      'G17: called with the business key of a process %s, writes nothing there',
      async (how) => {
        const called = await inner();
        const calling = await outer(called, '#{pretended}');
        const victim = how === 'that runs' ? await rig.start(called) : await rig.request(called);
        const attacker = await rig.start(calling, { pretended: victim.correlationId });
        work(calling, called);
        await rig.ended(attacker.correlationId);
        expect(await streamOf(attacker.correlationId)).toEqual(WHOLE);
        if ('instanceId' in victim) {
          const events = await rig.ended(victim.correlationId);
          const steps = events.filter(({ type }) => type === 'step-completed');
          expect(steps).toMatchObject([{ data: { instanceId: victim.instanceId } }]);
        } else expect(await streamOf(victim.correlationId)).toEqual(['process-requested']);
        const found = await rig.engine.findInstances(called.key, victim.correlationId);
        expect(found.map((one) => one.processInstanceId)).toEqual(
          'instanceId' in victim ? [victim.instanceId] : [],
        );
      },
    );
  });
});
