import { expect, it } from 'vitest';
import {
  end,
  flows,
  onError,
  parallel,
  start,
  subProcess,
  task,
} from '../../support/bpmn/model.ts';
import { describeEngines } from './engine-rig.ts';

/** A task with what is attached to it; each event leads to the task `after_<event>`. */
function attempt(...events: string[]): string[] {
  const ids = events.map((event) => /id="([^"]+)"/.exec(event)?.[1] ?? '');
  return [
    ...[start(), task('try'), task('done'), end(), flows('start', 'try', 'done', 'end')],
    ...events,
    ...ids.flatMap((id) => [task(`after_${id}`), flows(id, `after_${id}`, 'end')]),
  ];
}

/** The task `try` in a sub-process; each event is attached to that. */
function attemptInside(inner: readonly string[], ...events: string[]): string[] {
  return attempt(...events).map((element) =>
    element === task('try') ? subProcess('try', ...inner) : element,
  );
}

const INNER = [start('in'), task('work'), end('out'), flows('in', 'work', 'out')];

await describeEngines('BPMN errors', (rig) => {
  it('an error leaves by the boundary event of its code, whose variables it fills', async () => {
    const instance = await rig.run(
      attempt(
        onError('refused', 'try', {
          code: 'REFUSED',
          codeVariable: 'why',
          messageVariable: 'words',
        }),
        onError('other', 'try', { code: 'OTHER' }),
      ),
    );
    const answer = await instance.bpmnError('try', 'REFUSED', 'not this one');
    expect(answer.status).toBe(204);
    expect(await instance.open()).toEqual(['after_refused']);
    expect(await instance.variables()).toMatchObject({
      why: { type: 'String', value: 'REFUSED' },
      words: { type: 'String', value: 'not this one' },
    });
    await instance.complete('after_refused');
    expect(await instance.state()).toBe('COMPLETED');
  });

  it('an error may bring variables', async () => {
    const instance = await rig.run(attempt(onError('refused', 'try', { code: 'REFUSED' })));
    const { id } = await instance.lock('try');
    await rig.call('POST', `/external-task/${id}/bpmnError`, {
      workerId: 'w1',
      errorCode: 'REFUSED',
      variables: { score: { value: 12, type: 'Integer' } },
    });
    expect(await instance.variables()).toMatchObject({ score: { type: 'Integer', value: 12 } });
    expect(await instance.open()).toEqual(['after_refused']);
  });

  it('an event without a code catches every error', async () => {
    const instance = await rig.run(
      attempt(onError('any', 'try', { codeVariable: 'why', messageVariable: 'words' })),
    );
    await instance.bpmnError('try', 'WHATEVER');
    expect(await instance.open()).toEqual(['after_any']);
    expect(await instance.variables()).toMatchObject({
      why: { value: 'WHATEVER' },
      words: { type: 'Null', value: null },
    });
  });

  it.each([
    ['first', [onError('any', 'try'), onError('own', 'try', { code: 'OWN' })]],
    ['last', [onError('own', 'try', { code: 'OWN' }), onError('any', 'try')]],
  ])(
    'the event with the code alone takes the error, also with the one for all %s',
    async (_, events) => {
      const instance = await rig.run(attempt(...events));
      await instance.bpmnError('try', 'OWN');
      expect(await instance.open()).toEqual(['after_own']);
      const other = await rig.start(instance.key);
      await other.bpmnError('try', 'UNKNOWN');
      expect(await other.open()).toEqual(['after_any']);
    },
  );

  it('an error that nothing catches ends its path, and the instance with the last one', async () => {
    const alone = await rig.run(attempt(onError('refused', 'try', { code: 'REFUSED' })));
    expect((await alone.bpmnError('try', 'UNKNOWN')).status).toBe(204);
    expect(await alone.state()).toBe('COMPLETED');

    const forked = await rig.run([
      ...[start(), parallel('fork'), task('a'), task('b'), end()],
      ...[flows('start', 'fork', 'a', 'end'), flows('fork', 'b', 'end')],
    ]);
    await forked.bpmnError('a', 'UNKNOWN');
    expect([await forked.open(), await forked.state()]).toEqual([['b'], 'ACTIVE']);
    await forked.complete('b');
    expect(await forked.state()).toBe('COMPLETED');
  });

  it('an error leaves a sub-process by its boundary event and ends all that runs inside', async () => {
    const inner = [
      ...[start('in'), parallel('fork'), task('work'), task('beside'), end('out')],
      ...[flows('in', 'fork', 'work', 'out'), flows('fork', 'beside', 'out')],
    ];
    const instance = await rig.run(
      attemptInside(inner, onError('refused', 'try', { code: 'REFUSED', codeVariable: 'why' })),
    );
    expect(await instance.open()).toEqual(['beside', 'work']);
    await instance.bpmnError('work', 'REFUSED');
    expect(await instance.open()).toEqual(['after_refused']);
    expect(await instance.variables()).toMatchObject({ why: { value: 'REFUSED' } });
  });

  it('an error passes through a sub-process that does not catch it', async () => {
    const outer = [start('in2'), subProcess('inside', ...INNER), end('out2')];
    const instance = await rig.run(
      attemptInside(
        [...outer, onError('other', 'inside', { code: 'OTHER' }), end('out3')].concat(
          flows('in2', 'inside', 'out2'),
          flows('other', 'out3'),
        ),
        onError('refused', 'try', { code: 'REFUSED' }),
      ),
    );
    await instance.bpmnError('work', 'REFUSED');
    expect(await instance.open()).toEqual(['after_refused']);
  });

  it('the nearest event takes the error, though one further out has its code', async () => {
    const instance = await rig.run(
      attemptInside(
        [...INNER, onError('near', 'work'), task('after_near'), flows('near', 'after_near', 'out')],
        onError('far', 'try', { code: 'REFUSED' }),
      ),
    );
    await instance.bpmnError('work', 'REFUSED');
    expect(await instance.open()).toEqual(['after_near']);
  });

  it('a sub-process whose last path ends by an error that nothing catches is left by its end', async () => {
    const instance = await rig.run(
      attemptInside(INNER, onError('refused', 'try', { code: 'REFUSED' })),
    );
    await instance.bpmnError('work', 'UNKNOWN');
    expect(await instance.open()).toEqual(['done']);
  });
});
