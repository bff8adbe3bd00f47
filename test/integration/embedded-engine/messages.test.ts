import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  catchMessage,
  catchTimer,
  end,
  eventBased,
  expression,
  flows,
  onMessage,
  parallel,
  receive,
  start,
  task,
} from '../../support/bpmn/model.ts';
import { describeEngines, type Followed } from './engine-rig.ts';

await describeEngines('messages', (rig) => {
  const send = (name: string, { id }: Followed, variables = {}) =>
    rig.engine.correlate(name, id, variables);
  const waitThen = (event: string) => [
    ...[start(), event, task('a'), end()],
    flows('start', 'wait', 'a', 'end'),
  ];

  it.each([
    ['an intermediate event', catchMessage('wait', 'picked-up')],
    ['a receive task', receive('wait', 'picked-up')],
  ])('%s takes the message for its business key, with variables', async (_, event) => {
    const instance = await rig.run(waitThen(event));
    const other = await rig.start(instance.key);
    expect(await instance.open()).toEqual([]);
    expect(await send('picked-up', instance, { parcel: 'p-1', weight: 3 })).toBe(true);
    expect((await instance.lock('a')).variables).toMatchObject({
      parcel: { type: 'String', value: 'p-1' },
      weight: { type: 'Integer', value: 3 },
    });
    expect(await other.open()).toEqual([]);
    expect(await other.variables()).toEqual({});
  });

  it('a message that nothing waits for is a mismatch, and changes nothing', async () => {
    const instance = await rig.run(waitThen(catchMessage('wait', 'picked-up')));
    expect(await send('unheard-of', instance)).toBe(false);
    expect(await rig.engine.correlate('picked-up', randomUUID(), {})).toBe(false);
    expect(await send('picked-up', instance)).toBe(true);
    expect(await send('picked-up', instance)).toBe(false);
    expect(await instance.open()).toEqual(['a']);
    const { status, body } = await rig.call('POST', '/message', {
      messageName: 'picked-up',
      businessKey: instance.businessKey,
    });
    expect(status).toBe(400);
    expect(body.type).toBe('RestException');
    expect(body.message).toContain('MismatchingMessageCorrelationException');
  });

  it('a message that two wait for is a mismatch', async () => {
    const instance = await rig.run([
      ...[start(), parallel('fork'), catchMessage('one', 'told'), catchMessage('two', 'told')],
      ...[end(), flows('start', 'fork', 'one', 'end'), flows('fork', 'two', 'end')],
    ]);
    expect(await send('told', instance)).toBe(false);
    expect(await instance.state()).toBe('ACTIVE');
  });

  it('one message is taken by one event, the next by the next', async () => {
    const instance = await rig.run([
      ...[start(), catchMessage('one', 'told'), catchMessage('two', 'told'), end()],
      flows('start', 'one', 'two', 'end'),
    ]);
    expect(await send('told', instance)).toBe(true);
    expect(await instance.state()).toBe('ACTIVE');
    expect(await send('told', instance)).toBe(true);
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('an event-based gateway takes the path of the message, and no other is open then', async () => {
    const instance = await rig.run([
      ...[
        start(),
        eventBased('wait'),
        catchMessage('told', 'told'),
        catchMessage('asked', 'asked'),
      ],
      ...[catchTimer('late', 'PT1H'), task('a'), task('b'), end()],
      ...[flows('start', 'wait', 'told', 'a', 'end'), flows('wait', 'asked', 'b', 'end')],
      flows('wait', 'late', 'b'),
    ]);
    expect(await send('told', instance)).toBe(true);
    expect(await instance.open()).toEqual(['a']);
    expect(await send('asked', instance)).toBe(false);
    await instance.complete('a');
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('a boundary message removes the task', async () => {
    const instance = await rig.run([
      ...[start(), task('try'), onMessage('told', 'try', 'told'), task('done'), task('other')],
      ...[end(), flows('start', 'try', 'done', 'end'), flows('told', 'other', 'end')],
    ]);
    expect(await send('told', instance)).toBe(true);
    expect(await instance.open()).toEqual(['other']);
    expect(await send('told', instance)).toBe(false);
  });

  it('a message fails as a whole when the instance cannot continue with it', async () => {
    const instance = await rig.run([
      ...[start(), catchMessage('wait', 'told'), catchTimer('rest', expression('pause')), end()],
      flows('start', 'wait', 'rest', 'end'),
    ]);
    await expect(send('told', instance, { other: 1 })).rejects.toThrow(/pause/);
    expect(await instance.variables()).toEqual({});
    expect(await send('told', instance, { pause: 'PT1H' })).toBe(true);
  });
});
