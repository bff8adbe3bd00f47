import { afterEach, describe, expect, it } from 'vitest';
import { end, exclusive, flow, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  endsWith,
  messageEvent,
  signalEvent,
} from '../../support/bpmn/notation.ts';
import { until } from '../../support/children.ts';
import { type InProcess, openInProcess, text } from './engine-in-process.ts';

/** More than one transaction delivers to. */
const MANY = 450;
const PAYLOAD =
  '<extensionElements><camunda:in source="price" target="price" /></extensionElements>';

/** Each signal that it gets opens another task. */
const COUNTING = [
  ...[start(), task('wait'), end(), flows('start', 'wait', 'end')],
  ...[boundary('on', 'wait', signalEvent('go'), false), task('got'), end('e')],
  ...[flows('on', 'got', 'e'), boundary('off', 'wait', messageEvent('stop')), flows('off', 'end')],
];
const THROWING = [
  ...[start(), task('work'), endsWith('tell', signalEvent('go', PAYLOAD))],
  flows('start', 'work', 'tell'),
];

describe('a signal that many instances of the embedded engine wait for', () => {
  let rig: InProcess;
  afterEach(() => rig.close());

  async function open(
    processes: Record<string, readonly string[]> = {},
    options: { cachedStates?: number } = {},
  ): Promise<void> {
    rig = openInProcess(options);
    const all = { counting: COUNTING, throwing: THROWING, ...processes };
    for (const [key, elements] of Object.entries(all)) await rig.deploy({ [key]: elements });
  }

  async function startMany(key = 'counting'): Promise<string[]> {
    const instances = await Promise.all(Array.from({ length: MANY }, () => rig.start(key)));
    return instances.map(({ id }) => id).sort();
  }

  /** How many each instance has got. */
  function counts(ids: readonly string[]): number[] {
    const tasks = rig.engine.externalTasks.list({ topicName: 'counting.got' });
    const byInstance = new Map<string, number>();
    for (const { processInstanceId: id } of tasks) {
      byInstance.set(id, (byInstance.get(id) ?? 0) + 1);
    }
    return ids.map((id) => byInstance.get(id) ?? 0);
  }
  const sum = (ids: readonly string[]): number => counts(ids).reduce((one, two) => one + two, 0);
  const pending = (): number =>
    rig.db.prepare('SELECT COUNT(*) FROM engine_signal_receiver').pluck().get() as number;
  const nothingIsLeft = () => rig.db.prepare('SELECT * FROM engine_signal').all();

  async function throwOne(price = '7'): Promise<void> {
    await rig.start('throwing');
    await rig.complete('throwing.work', { price: text(price) });
  }

  it('reaches each of them once, with its variables, though the instance that threw it is gone', async () => {
    await open();
    const ids = await startMany();
    await throwOne();
    expect(pending()).toBeGreaterThan(0);
    await until(() => pending() === 0, 'all have it');
    expect(counts(ids)).toEqual(ids.map(() => 1));
    expect(rig.engine.instances.variables(String(ids.at(-1)))).toMatchObject({ price: text('7') });
    expect(nothingIsLeft()).toEqual([]);
  });

  it('has reached all of them when the call that sent it is answered', async () => {
    await open();
    const ids = await startMany();
    await rig.engine.events.signal('go', null, { price: text('8') });
    expect(counts(ids)).toEqual(ids.map(() => 1));
  });

  it('reaches the rest after a restart', async () => {
    await open();
    const ids = await startMany();
    await throwOne();
    // Closed at once: all that is done is done by the one that is opened now.
    await rig.restart();
    await until(() => pending() === 0, 'all have it');
    expect(counts(ids)).toEqual(ids.map(() => 1));
  });

  it('reaches an instance before what happens to that later', async () => {
    await open();
    const ids = await startMany();
    const last = String(ids.at(-1));
    await throwOne();
    expect(counts([last])).toEqual([0]);
    const [waiting] = rig.engine.instances.executions({
      processInstanceId: last,
      messageName: 'stop',
    });
    await rig.engine.events.messageEventReceived(String(waiting?.id), 'stop', {});
    // Its boundary event is gone now; the task of the signal was opened before that.
    expect(rig.open(last)).toEqual(['got']);
    await until(() => pending() === 0, 'all have it');
    expect(counts(ids)).toEqual(ids.map(() => 1));
  });

  it('comes after the signal that was thrown before it', async () => {
    await open();
    const ids = await startMany();
    await throwOne('1');
    await throwOne('2');
    await until(() => pending() === 0, 'all have both');
    expect(counts(ids)).toEqual(ids.map(() => 2));
    for (const id of ids) {
      expect(rig.engine.instances.variables(id)).toMatchObject({ price: text('2') });
    }
  });

  it('does not reach what began to wait after it was thrown', async () => {
    await open();
    const ids = await startMany();
    const thrown = throwOne();
    await thrown;
    const { id: late } = await rig.start('counting');
    await until(() => pending() === 0, 'all have it');
    expect(counts([late])).toEqual([0]);
    expect(sum(ids)).toBe(MANY);
  });

  it('becomes a job of the instance that cannot continue with it, and reaches the others', async () => {
    await open({
      picky: [
        ...[start(), catches('on', signalEvent('go')), exclusive('which'), task('a'), end()],
        ...[flows('start', 'on', 'which'), flow('which', 'a', "price == '1'"), flows('a', 'end')],
        flow('which', 'end', "price == '2'"),
      ],
    });
    const ids = await startMany();
    const { id: picky } = await rig.start('picky');
    const { id: fine } = await rig.start('counting');
    await throwOne('3');
    const incidents = () => rig.engine.jobs.incidents({});
    await until(() => incidents().length > 0, 'it has failed finally');
    expect(incidents()).toMatchObject([
      { type: 'failedJob', processInstanceId: picky, activityId: 'on' },
    ]);
    await until(() => pending() === 0, 'all have it');
    expect(counts([...ids, fine])).toEqual([...ids, fine].map(() => 1));
    const [job] = rig.engine.jobs.list({ processInstanceIds: [picky] });
    await rig.restart();
    expect(rig.engine.jobs.list({ processInstanceIds: [picky] })).toEqual([job]);
    await expect(rig.engine.jobs.execute(String(job?.id))).rejects.toThrow(/which/);
    // It waits no more: its job goes with that.
    await rig.engine.events.signal('go', null, { price: text('1') });
    expect(rig.open(picky)).toEqual(['a']);
    expect(rig.engine.jobs.list({ processInstanceIds: [picky] })).toEqual([]);
    expect(incidents()).toEqual([]);
  });

  it('reaches an instance that cannot be read when it can, and the others meanwhile', async () => {
    await open({}, { cachedStates: 0 });
    const ids = await startMany();
    const last = String(ids.at(-1));
    const state = rig.db.prepare('SELECT state FROM engine_state WHERE root_id = ?').pluck();
    const kept = state.get(last);
    const write = (value: unknown) =>
      rig.db
        .prepare('UPDATE engine_state SET state = ?, version = version + 1 WHERE root_id = ?')
        .run(value, last);
    write('broken');
    await throwOne();
    await until(() => pending() === 1, 'the others have it');
    expect(sum(ids)).toBe(MANY - 1);
    await rig.restart();
    await until(
      () => rig.engine.unreadable().some((one) => one.rootProcessInstanceId === last),
      'it was tried again',
    );
    expect(pending()).toBe(1);
    write(kept);
    await rig.restart();
    await until(() => pending() === 0, 'it has it');
    expect(counts(ids)).toEqual(ids.map(() => 1));
  });
});
