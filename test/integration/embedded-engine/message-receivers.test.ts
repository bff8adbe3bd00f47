import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bpmn, catchMessage, end, flows, start, task } from '../../support/bpmn/model.ts';
import { engineKinds, type TestEngine } from '../../support/engines.ts';
import { createRig, describeEngines, type Rig } from './engine-rig.ts';

const NAME = 'sent/off: 100 % "ok" ✓';

await describeEngines('receivers of messages', (rig) => {
  it('G17: another instance with the same business key does not get the message', async () => {
    const key = rig.newKey();
    const elements = [start(), catchMessage('wait', 'told'), task('a'), end()];
    await rig.deploy(key, ...elements, flows('start', 'wait', 'a', 'end'));
    const businessKey = randomUUID();
    const own = await rig.engine.start(key, businessKey, {});
    const other = await rig.engine.start(key, businessKey, {});
    expect(await rig.engine.correlate('told', own, {})).toBe(true);
    expect(await rig.engine.correlate('told', own, {})).toBe(false);
    expect(await rig.engine.correlate('told', other, {})).toBe(true);
  });

  it('takes messages whose names no path could hold', async () => {
    const key = rig.newKey();
    const model = [start(), catchMessage('wait', 'named'), task('a'), end()];
    const content = bpmn(key, ...model, flows('start', 'wait', 'a', 'end'));
    const named = content.replace('name="named"', `name="${NAME.replaceAll('"', '&quot;')}"`);
    await rig.engine.deploy(key, [{ fileName: `${key}.bpmn`, content: named }]);
    const instance = await rig.start(key);
    expect(await rig.engine.correlate(NAME, instance.id, { by: 'Kim' })).toBe(true);
    expect(await instance.open()).toEqual(['a']);
  });
});

describe.each((await engineKinds()).filter(({ name }) => !name.startsWith('the embedded')))(
  'receivers of messages on $name',
  ({ available, open }) => {
    describe.skipIf(!available)('when it is available', () => {
      let engine: TestEngine;
      let rig: Rig;
      beforeAll(async () => {
        engine = await open();
        rig = createRig(() => engine.url);
      });
      afterAll(async () => {
        await rig?.close();
        await engine?.stop();
      });

      it('G17: a message starts no instance of a process that begins with it', async () => {
        const begins = rig.newKey();
        const name = `begin-${begins}`;
        const content = bpmn(
          begins,
          `<startEvent id="start"><messageEventDefinition messageRef="message" /></startEvent>`,
          ...[task('a'), end(), flows('start', 'a', 'end')],
        ).replace('<process', `<message id="message" name="${name}" /><process`);
        await rig.engine.deploy(begins, [{ fileName: `${begins}.bpmn`, content }]);
        const waits = await rig.run([start(), task('a'), end(), flows('start', 'a', 'end')]);
        expect(await rig.engine.correlate(name, waits.id, {})).toBe(false);
        expect(await rig.engine.correlate(`${name}/`, waits.id, {})).toBe(false);
        const { body } = await rig.call<unknown[]>(
          'GET',
          `/history/process-instance?processDefinitionKey=${begins}`,
        );
        expect(body).toEqual([]);
      });

      it('a message reaches the instance that was called, through two calls, without a business key', async () => {
        const [inner, middle] = [rig.newKey(), rig.newKey()];
        const call = (called: string) => `<callActivity id="call" calledElement="${called}" />`;
        await rig.deploy(
          inner,
          ...[start(), catchMessage('wait', 'told'), end(), flows('start', 'wait', 'end')],
        );
        const around = (called: string) => [
          ...[start(), call(called), end(), flows('start', 'call', 'end')],
        ];
        await rig.deploy(middle, ...around(inner));
        const outer = await rig.run(around(middle));
        expect(await rig.engine.correlate('told', outer.id, {})).toBe(true);
        expect(await outer.state()).toBe('COMPLETED');
      });
    });
  },
);
