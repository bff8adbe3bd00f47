import { describe, expect, it } from 'vitest';
import { parseBpmn, parseBpmnNow } from '../../../infrastructure/embedded-engine/parse-bpmn.ts';
import {
  readPrograms,
  readStoredPrograms,
} from '../../../infrastructure/embedded-engine/read-programs.ts';
import { BadRequest } from '../../../infrastructure/embedded-engine/typed-value.ts';
import { bpmn, bpmnFile, end, flows, start, task } from '../../support/bpmn/model.ts';

const FILE = bpmn('p', start(), end(), flows('start', 'end'));

describe('the embedded engine refuses by name', () => {
  it.each([
    ['what is no BPMN', 'text', 'p.bpmn: is no BPMN'],
    [
      'a script',
      bpmn('p', start(), '<scriptTask id="x" />', end(), flows('start', 'x', 'end')),
      'p.bpmn: ScriptTask "x"',
    ],
    [
      'a duplicate id',
      bpmn('p', start(), start(), end(), flows('start', 'end')),
      'duplicate ID <start>',
    ],
    [
      'a process that does not say how long its history is kept',
      FILE.replace(/camunda:historyTimeToLive="[^"]*"/, ''),
      'History Time To Live',
    ],
  ])('%s', async (_, file, reason) => {
    const reading = readPrograms('p.bpmn', file);
    await expect(reading).rejects.toThrow(BadRequest);
    await expect(reading).rejects.toMatchObject({ status: 400, type: 'ParseException' });
    await expect(reading).rejects.toThrow(reason);
  });
});

it.each([
  ['P7D', 7],
  ['30', 30],
])('a history time to live of %s is %s days', async (text, days) => {
  expect(await readPrograms('p.bpmn', FILE.replace('P1D', text))).toMatchObject([
    { key: 'p', historyDays: days },
  ]);
});

it('a file may have several processes', async () => {
  const one = [start('s'), end('e'), flows('s', 'e')];
  const programs = await readPrograms(
    'p.bpmn',
    bpmnFile({ p: [start(), end(), flows('start', 'end')], q: one }),
  );
  expect(programs.map(({ key }) => key)).toEqual(['p', 'q']);
});

it('a process that does not say whether it can be executed is run, unless another one in the file says that it can', async () => {
  const file = FILE.replace(' isExecutable="true"', '');
  expect(await readPrograms('p.bpmn', file)).toMatchObject([{ key: 'p' }]);
  const other =
    '<process id="q" isExecutable="true" camunda:historyTimeToLive="1"><startEvent id="s" /></process>';
  const both = file.replace('</definitions>', `${other}</definitions>`);
  expect(await readPrograms('p.bpmn', both)).toMatchObject([{ key: 'q' }]);
});

it('a file that is read at once is the same as one that is waited for', async () => {
  const file = bpmn('p', start('Ä'), task('a'), end(), flows('Ä', 'a', 'end'));
  const [now, later] = [parseBpmnNow(file), await parseBpmn(file)];
  expect(JSON.stringify(now.root)).toBe(JSON.stringify(later.root));
  expect(readStoredPrograms('p.bpmn', file)).toMatchObject([{ key: 'p' }]);
  expect(() => parseBpmnNow('text')).toThrow('cannot be read any more');
});

it('a diagram may show what is not there', async () => {
  const diagram =
    '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" id="d"><bpmndi:BPMNPlane id="q" bpmnElement="nothing" /></bpmndi:BPMNDiagram>';
  const file = FILE.replace('</definitions>', `${diagram}</definitions>`);
  expect(await readPrograms('p.bpmn', file)).toHaveLength(1);
});
