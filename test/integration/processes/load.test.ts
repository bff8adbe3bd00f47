import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SetupError } from '../../../domain/common/errors.ts';
import {
  loadProcesses,
  readSettings,
} from '../../../src/composition/definitions/load-processes.ts';
import { temporaryFolder } from '../../support/databases.ts';
import { bpmnOf } from '../../support/worker-rig.ts';

describe('the function loadProcesses', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** A process folder with a step for each name, and a BPMN file with a task for each topic. */
  function write(
    name: string,
    parts: { code?: string; key?: string; steps?: string[]; bpmn?: string; topics?: string[] },
  ): void {
    const { key = name, steps = ['only'], topics = steps } = parts;
    const definition = { key, steps: steps.map((step) => ({ name: step, ends: 'ok' })) };
    const code = parts.code ?? `export default ${JSON.stringify(definition)};`;
    const bpmn = parts.bpmn ?? bpmnOf(key, topics, { catches: [], errorStep: null });
    mkdirSync(join(folder.path, name));
    if (code !== '') writeFileSync(join(folder.path, name, 'index.mjs'), code);
    if (bpmn !== '') writeFileSync(join(folder.path, name, `${name}.bpmn`), bpmn);
  }

  /** The one line that stops the start. */
  async function refusal(): Promise<string> {
    const error = await loadProcesses(folder.path).then(
      () => 'nothing',
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SetupError)) throw new Error(`not refused: ${String(error)}`);
    expect(error.message).not.toContain('\n');
    return error.message;
  }

  it('loads every folder by its name, steps and BPMN together', async () => {
    write('b-process', { steps: ['one', 'two'] });
    write('a-process', {});
    writeFileSync(join(folder.path, 'README.md'), 'not a process');
    const loaded = await loadProcesses(folder.path);
    expect(loaded.map(({ definition, fileName }) => [definition.key, fileName])).toEqual([
      ['a-process', 'a-process.bpmn'],
      ['b-process', 'b-process.bpmn'],
    ]);
    expect(String(loaded[1]?.bpmn)).toContain('camunda:topic="b-process.two"');
  });

  it('loads the shipped processes', async () => {
    const loaded = await loadProcesses();
    expect(loaded.map(({ definition }) => definition.key)).toEqual([
      'approve-purchase',
      'fulfil-order',
      'onboard-user',
    ]);
  });

  it('refuses a topic without a step, naming the task, the topic and the steps', async () => {
    write('shop', { steps: ['pay'], topics: ['pay', 'ship'] });
    expect(await refusal()).toBe(
      'shop.bpmn: the task "ship" has the topic "shop.ship", but the process shop has no step for it (steps: shop.pay)',
    );
  });

  it('refuses a topic that is done here and elsewhere, and reserved outputs of a worker', async () => {
    const shop = { key: 'shop', steps: [{ name: 'pay', ends: 'ok', elsewhere: true, output: {} }] };
    const code = (value: object) => `export default ${JSON.stringify(value)};`;
    const shape = { price: {}, correlationId: {} };
    const reserving = { ...shop.steps[0], output: { shape } };
    write('shop', { steps: ['pay'], code: code({ ...shop, steps: [reserving] }) });
    expect(await refusal()).toBe(
      'the step "pay" of the process shop sets the variable "correlationId", which the service sets itself; take another name',
    );
    const file = join(folder.path, 'shop', 'index.mjs');
    writeFileSync(file, code({ ...shop, steps: [{ ...reserving, output: { shape: {} } }] }));
    expect(await loadProcesses(folder.path)).toHaveLength(1);
    const steps = [{ name: 'buy', ends: 'ok', topic: 'shop.pay' }];
    const bpmn = bpmnOf('store', ['buy'], { catches: [], errorStep: null });
    const model = bpmn.replace('store.buy', 'shop.pay');
    write('store', { bpmn: model, code: code({ key: 'store', steps }) });
    expect(await refusal()).toBe(
      'PROCESSES_DIR: the topic "shop.pay" is of the step "buy" of the process store, and of the step "pay" of the process shop, which is done elsewhere; give one of them a topic of its own',
    );
  });

  it('refuses a step without a topic, naming both', async () => {
    write('shop', { steps: ['pay', 'ship'], topics: ['pay'] });
    expect(await refusal()).toBe(
      'shop.bpmn: no task has the topic "shop.ship", which the step "ship" of the process shop waits for',
    );
  });

  it('refuses a task within a sub-process without its step, too', async () => {
    const inner = bpmnOf('shop', ['pay'], { catches: [], errorStep: null }).replace(
      '<bpmn:endEvent id="end" />',
      '<bpmn:endEvent id="end" /><bpmn:subProcess id="sub"><bpmn:serviceTask id="hidden" camunda:type="external" camunda:topic="shop.hidden" /></bpmn:subProcess>',
    );
    write('shop', { steps: ['pay'], bpmn: inner });
    expect(await refusal()).toContain('the task "hidden" has the topic "shop.hidden"');
  });

  it.each([
    [
      'code with another key',
      { key: 'other' },
      /the process in .*shop has the key other, not shop/,
    ],
    [
      'a BPMN file with another id',
      { bpmn: bpmnOf('other', ['only'], { catches: [], errorStep: null }) },
      /shop\.bpmn describes the process other, its folder is shop/,
    ],
    [
      'an input that names a variable of the service',
      {
        code: `export default { key: 'shop', input: { shape: { batch_id: {} } }, steps: [{ name: 'only', ends: 'ok' }] };`,
      },
      /the input of the process shop names the variable "batch_id", which the service sets itself/,
    ],
    ['no code', { code: '' }, /the process shop has no index\.ts in .*shop/],
    ['no BPMN file', { bpmn: '' }, /the process shop has no file .*shop\.bpmn/],
    [
      'code that defines nothing',
      { code: 'export const a = 1;' },
      /index\.mjs does not export a defineProcess/,
    ],
    ['code with a syntax error', { code: 'export default {' }, /index\.mjs cannot be loaded: /],
    [
      'code that throws, over several lines',
      { code: 'throw new Error("two steps\\n  have one name");' },
      /index\.mjs cannot be loaded: two steps have one name/,
    ],
    ['a BPMN file that is no XML', { bpmn: 'no <xml' }, /shop\.bpmn cannot be read: /],
    [
      'a BPMN file with an unknown element',
      {
        bpmn: '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><nonsense /></definitions>',
      },
      /shop\.bpmn has no executable process/,
    ],
    [
      'a BPMN file that cannot be executed',
      {
        bpmn: bpmnOf('shop', ['only'], { catches: [], errorStep: null }).replace(
          'isExecutable="true"',
          'isExecutable="false"',
        ),
      },
      /shop\.bpmn has no executable process/,
    ],
  ])('refuses %s in one line that names the folder', async (_what, parts, line) => {
    write('shop', parts);
    expect(await refusal()).toMatch(line);
  });

  it.each([
    [
      'that its model does not have',
      'approve',
      {},
      /there is no user task "approve", which the pr/,
    ],
    [
      'that sets a variable of the service',
      'only',
      { batch_id: 1 },
      /sets the variable "batch_id"/,
    ],
  ])('refuses a user task %s', async (_what, id, shape, reason) => {
    const userTasks = [{ id, number: 2, output: { shape }, successText: '' }];
    const steps = [{ name: 'only', ends: 'ok' }];
    const code = `export default ${JSON.stringify({ key: 'tasked', steps, userTasks })};`;
    write('tasked', { code });
    expect(await refusal()).toMatch(reason);
  });

  it('refuses a missing folder, a file and an empty folder by the name of the variable', async () => {
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    for (const path of [join(folder.path, 'nowhere'), file, folder.path]) {
      await expect(loadProcesses(path)).rejects.toThrow(SetupError);
      await expect(loadProcesses(path)).rejects.toThrow(/^PROCESSES_DIR: .*/);
    }
  });
});

describe('the function readSettings', () => {
  it('takes what the environment says, and the default for the rest', async () => {
    const [, , onboarding] = await loadProcesses();
    if (!onboarding) throw new Error('onboard-user is not there');
    const { definition } = onboarding;
    expect(readSettings(definition, { PARTNER_URL: 'http://partner', OTHER: 'x' })).toEqual({
      PARTNER_URL: 'http://partner',
    });
    expect(readSettings(definition, { PARTNER_URL: '' })).toEqual(readSettings(definition, {}));
  });

  it('names a wrong setting with its process', async () => {
    const [, , onboarding] = await loadProcesses();
    if (!onboarding) throw new Error('onboard-user is not there');
    expect(() => readSettings(onboarding.definition, { PARTNER_URL: 'partner' })).toThrow(
      /^PARTNER_URL: .* \(setting of the process onboard-user\)$/,
    );
  });
});
