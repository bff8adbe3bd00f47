import { describe, expect, it } from 'vitest';
import {
  findCatcher,
  readProcessModel,
} from '../../../infrastructure/embedded-engine/process-model.ts';
import { readExternalTopics } from '../../../infrastructure/embedded-engine/read-topics.ts';
import { BadRequest } from '../../../infrastructure/embedded-engine/typed-value.ts';
import {
  bpmn,
  catchTimer,
  end,
  exclusive,
  flow,
  flows,
  onError,
  parallel,
  receive,
  start,
  subProcess,
  task,
  terminate,
} from '../../support/bpmn/model.ts';
import { REFUSED_MODELS } from '../../support/bpmn/refused-models.ts';

const read = (...elements: string[]) => readProcessModel('p.bpmn', bpmn('p', ...elements));
describe('the embedded engine refuses by name', () => {
  it.each(REFUSED_MODELS)('what it cannot run: %s', async (_, elements, reason) => {
    const reading = read(...elements);
    await expect(reading).rejects.toThrow(BadRequest);
    await expect(reading).rejects.toMatchObject({ status: 400, type: 'ParseException' });
    await expect(reading).rejects.toThrow(`p.bpmn: `);
    await expect(reading).rejects.toThrow(reason);
  });

  it('a file that is not BPMN, or has not just one executable process', async () => {
    await expect(readProcessModel('p.bpmn', 'text')).rejects.toThrow('p.bpmn: is no BPMN');
    const file = bpmn('p', start(), end(), flows('start', 'end'));
    const none = file.replace('isExecutable="true"', 'isExecutable="false"');
    await expect(readProcessModel('p.bpmn', none)).rejects.toThrow('0 executable processes');
  });

  it('a process that does not say how long its history is kept', async () => {
    const file = bpmn('p', start(), end(), flows('start', 'end'));
    const without = file.replace(/camunda:historyTimeToLive="[^"]*"/, '');
    await expect(readProcessModel('p.bpmn', without)).rejects.toThrow('History Time To Live');
    const odd = file.replace('"P1D"', '"a while"');
    await expect(readProcessModel('p.bpmn', odd)).rejects.toThrow('History Time To Live');
    for (const [text, days] of [
      ['P7D', 7],
      ['30', 30],
    ] as const) {
      const model = await readProcessModel('p.bpmn', file.replace('P1D', text));
      expect(model.historyDays).toBe(days);
    }
  });
});

describe('a process model', () => {
  it('takes every element that the engine can run', async () => {
    const inner = [start('s'), task('b'), terminate('e'), flows('s', 'b', 'e')];
    const model = await read(
      ...[start(), parallel('fork'), task('a'), subProcess('sub', ...inner), parallel('join')],
      ...[exclusive('choose', 'rest'), catchTimer('rest', 'PT1S'), receive('got', 'm'), end()],
      ...[onError('e1', 'a', { code: 'A' }), end('end2'), flows('e1', 'end2')],
      ...[flows('start', 'fork', 'a', 'join', 'choose', 'rest', 'end')],
      ...[flows('fork', 'sub', 'join'), flow('choose', 'got', 'x > 1'), flows('got', 'end')],
    );
    expect(model).toMatchObject({ key: 'p', historyDays: 1 });
  });

  it('finds the event that catches an error: with its code before for all, near before far', async () => {
    const inner = [
      ...[start('s'), task('b'), end('e'), flows('s', 'b', 'e')],
      ...[onError('near', 'b', { code: 'A' }), flows('near', 'e')],
    ];
    const model = await read(
      ...[start(), subProcess('sub', ...inner), end(), flows('start', 'sub', 'end')],
      ...[onError('any', 'sub'), onError('own', 'sub', { code: 'B' })],
      ...[flows('any', 'end'), flows('own', 'end')],
    );
    const catcher = (activity: string, code: string) => findCatcher(model, activity, code)?.eventId;
    expect(catcher('b', 'A')).toBe('near');
    expect(catcher('b', 'B')).toBe('own');
    expect(catcher('b', 'C')).toBe('any');
    expect(catcher('sub', 'A')).toBe('any');
    expect(catcher('start', 'A')).toBeUndefined();
  });
});

describe('a process that does not say whether it can be executed', () => {
  it('is run, as in Camunda, unless another one in the file says that it can', async () => {
    const file = bpmn('p', start(), end(), flows('start', 'end')).replace(
      ' isExecutable="true"',
      '',
    );
    expect((await readProcessModel('p.bpmn', file)).key).toBe('p');
    const other =
      '<process id="q" isExecutable="true" camunda:historyTimeToLive="1"><startEvent id="s" /></process>';
    const both = file.replace('</definitions>', `${other}</definitions>`);
    expect((await readProcessModel('p.bpmn', both)).key).toBe('q');
  });
});

describe('the topics of a file', () => {
  it('are those of its external tasks, in sub-processes too', async () => {
    const inner = [start('s'), task('b', 'deep'), end('e'), flows('s', 'b', 'e')];
    const file = bpmn('p', start(), subProcess('x', ...inner), task('a', 'top'), end());
    expect(await readExternalTopics(file)).toEqual({
      processIds: ['p'],
      topics: [
        { activityId: 'b', topic: 'deep' },
        { activityId: 'a', topic: 'top' },
      ],
    });
  });

  it('are those of the processes that do not say that they cannot be executed', async () => {
    const file = bpmn('p', task('a', 'top'));
    const unmarked = file.replace('isExecutable="true"', '');
    expect((await readExternalTopics(unmarked)).processIds).toEqual(['p']);
    const none = file.replace('isExecutable="true"', 'isExecutable="false"');
    expect(await readExternalTopics(none)).toEqual({ processIds: [], topics: [] });
  });
});
