import { expect, it } from 'vitest';
import {
  end,
  exclusive,
  flow,
  flows,
  inclusive,
  parallel,
  start,
  subProcess,
  task,
  terminate,
} from '../../support/bpmn/model.ts';
import { describeEngines, type Followed } from './engine-rig.ts';

/** `choose` leads to a, to b and otherwise to c; the end is common. */
function choice(gateway: string, a: string, b: string): string[] {
  return [
    ...[start(), task('first'), gateway, task('a'), task('b'), task('c'), end()],
    ...[flows('start', 'first', 'choose'), flow('choose', 'a', a), flow('choose', 'b', b)],
    ...[flow('choose', 'c'), flows('a', 'end'), flows('b', 'end'), flows('c', 'end')],
  ];
}

await describeEngines('gateways', (rig) => {
  const amount = (value: number) => ({ amount: { value, type: 'Integer' } });
  async function completeAll(instance: Followed, ...activities: string[]): Promise<void> {
    for (const activity of activities) {
      expect((await instance.complete(activity)).status).toBe(204);
    }
  }

  it('an exclusive gateway takes the first flow whose condition holds, else its default', async () => {
    const model = choice(exclusive('choose', 'c'), 'amount > 10', 'amount > 5');
    const { key } = await rig.run(model);
    for (const [value, taken] of [
      [11, 'a'],
      [6, 'b'],
      [5, 'c'],
    ] as const) {
      const instance = await rig.start(key);
      const [task] = (await rig.fetch(`${key}.first`, { maxTasks: 9 })).filter(
        ({ processInstanceId }) => processInstanceId === instance.id,
      );
      await rig.call('POST', `/external-task/${task?.id}/complete`, {
        workerId: 'w1',
        variables: amount(value),
      });
      expect(await instance.open()).toEqual([taken]);
    }
  });

  it('a condition naming an unknown variable fails the completion, which can be made again', async () => {
    const instance = await rig.run(choice(exclusive('choose', 'c'), 'amount > 10', 'amount > 5'));
    const { id } = await instance.lock('first');
    const complete = (variables: object) =>
      rig.call('POST', `/external-task/${id}/complete`, { workerId: 'w1', variables });
    expect(await complete({ other: { value: 1 } })).toMatchObject({
      status: 500,
      body: {
        type: 'ProcessEngineException',
        message: expect.stringMatching(/^Unknown property used in .*'amount'$/),
      },
    });
    expect(await instance.open()).toEqual(['first']);
    expect(await instance.variables()).toEqual({});
    expect((await complete(amount(11))).status).toBe(204);
    expect(await instance.open()).toEqual(['a']);
  });

  it('a gateway with no way out fails the call, naming itself', async () => {
    const instance = await rig.run([
      ...[start(), task('first'), exclusive('choose'), task('a'), end()],
      ...[flows('start', 'first', 'choose'), flow('choose', 'a', 'amount > 1'), flows('a', 'end')],
      flow('choose', 'end', 'amount < 0'),
    ]);
    expect(await instance.complete('first', amount(1))).toMatchObject({
      status: 500,
      body: {
        type: 'ProcessEngineException',
        message: expect.stringContaining("'choose' could be selected for continuing the process"),
      },
    });
    expect(await instance.open()).toEqual(['first']);
  });

  it('an inclusive gateway takes every flow whose condition holds, else its default', async () => {
    const model = choice(inclusive('choose', 'c'), 'amount > 5', 'amount > 10');
    const both = await rig.run(model);
    await both.complete('first', amount(11));
    expect(await both.open()).toEqual(['a', 'b']);
    await completeAll(both, 'a', 'b');
    expect(await both.state()).toBe('COMPLETED');
    const none = await rig.start(both.key);
    await none.complete('first', amount(0));
    expect(await none.open()).toEqual(['c']);
  });

  it('flows with conditions that leave a task are taken each for itself', async () => {
    const instance = await rig.run([
      ...[start(), task('first'), task('a'), task('b'), task('c'), end(), flows('start', 'first')],
      ...[flow('first', 'a', 'amount > 5'), flow('first', 'b', 'amount > 1'), flow('first', 'c')],
      ...[flows('a', 'end'), flows('b', 'end'), flows('c', 'end')],
    ]);
    await instance.complete('first', amount(2));
    expect(await instance.open()).toEqual(['b', 'c']);
  });

  it('a parallel gateway forks, and its join waits for every branch', async () => {
    const instance = await rig.run([
      ...[start(), parallel('fork'), task('a'), task('b'), parallel('join'), task('c'), end()],
      ...[flows('start', 'fork', 'a', 'join', 'c', 'end'), flows('fork', 'b', 'join')],
    ]);
    expect(await instance.open()).toEqual(['a', 'b']);
    await instance.complete('b');
    expect(await instance.open()).toEqual(['a']);
    await instance.complete('a');
    expect(await instance.open()).toEqual(['c']);
    await instance.complete('c');
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('a join behind a merging gateway waits for the token that is still on its way', async () => {
    const instance = await rig.run(
      [
        ...[start(), parallel('fork'), task('a'), exclusive('choose', 'b'), task('b'), task('c')],
        ...[exclusive('merge'), parallel('join'), task('d'), end(), flow('choose', 'c', 'pick')],
        ...[flows('start', 'fork', 'a', 'join', 'd', 'end'), flows('fork', 'choose', 'b', 'merge')],
        flows('c', 'merge', 'join'),
      ],
      { pick: false },
    );
    await instance.complete('a');
    expect(await instance.open()).toEqual(['b']);
    await instance.complete('b');
    expect(await instance.open()).toEqual(['d']);
  });

  it('a loop comes back to its task, and a join in it works every time', async () => {
    const again = (value: boolean) => ({ again: { value } });
    const instance = await rig.run([
      ...[start(), exclusive('merge'), parallel('fork'), task('a'), task('b'), parallel('join')],
      ...[exclusive('choose', 'end'), end(), flow('choose', 'merge', 'again')],
      ...[
        flows('start', 'merge', 'fork', 'a', 'join', 'choose', 'end'),
        flows('fork', 'b', 'join'),
      ],
    ]);
    for (const more of [true, true, false]) {
      await instance.complete('a', again(more));
      expect(await instance.open()).toEqual(['b']);
      await instance.complete('b');
    }
    expect(await instance.state()).toBe('COMPLETED');
  });

  // The real engines work on both at once, the embedded one on one after the other.
  it('two tokens that come to one task are two tasks', async () => {
    const instance = await rig.run([
      ...[start(), parallel('fork'), task('a'), task('b'), task('c'), end()],
      ...[flows('start', 'fork', 'a', 'c', 'end'), flows('fork', 'b', 'c')],
    ]);
    await completeAll(instance, 'a', 'b', 'c');
    expect([await instance.open(), await instance.state()]).toEqual([['c'], 'ACTIVE']);
    await instance.complete('c');
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('a sub-process is left when its last path has ended, and can be entered again', async () => {
    const again = (value: boolean) => ({ again: { value } });
    const inner = [
      ...[start('in'), parallel('fork'), task('a'), task('b'), end('out')],
      ...[flows('in', 'fork', 'a', 'out'), flows('fork', 'b', 'out')],
    ];
    const instance = await rig.run([
      ...[start(), exclusive('merge'), subProcess('sub', ...inner), exclusive('choose', 'end')],
      ...[end(), flows('start', 'merge', 'sub', 'choose', 'end')],
      flow('choose', 'merge', 'again'),
    ]);
    for (const more of [true, false]) {
      await instance.complete('b', again(more));
      expect(await instance.open()).toEqual(['a']);
      await instance.complete('a');
    }
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('a terminate end event ends the instance with all its paths', async () => {
    const instance = await rig.run([
      ...[start(), parallel('fork'), task('a'), task('b'), terminate('stop'), end()],
      ...[flows('start', 'fork', 'a', 'stop'), flows('fork', 'b', 'end')],
    ]);
    await instance.complete('a');
    expect([await instance.open(), await instance.state()]).toEqual([[], 'COMPLETED']);
  });

  it('a terminate end event in a sub-process ends that alone', async () => {
    const inner = [
      ...[start('in'), parallel('fork'), task('a'), task('b'), terminate('stop'), end('out')],
      ...[flows('in', 'fork', 'a', 'stop'), flows('fork', 'b', 'out')],
    ];
    const instance = await rig.run([
      ...[start(), subProcess('sub', ...inner), task('c'), end()],
      flows('start', 'sub', 'c', 'end'),
    ]);
    await instance.complete('a');
    expect(await instance.open()).toEqual(['c']);
  });
});
