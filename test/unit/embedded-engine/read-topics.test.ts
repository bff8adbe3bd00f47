import { describe, expect, it } from 'vitest';
import { readModelTasks } from '../../../infrastructure/embedded-engine/read-topics.ts';
import { bpmn, subProcess, task } from '../../support/bpmn/model.ts';

const EXTERNAL = 'camunda:type="external" camunda:topic="t"';

async function topicsOf(file: string | Uint8Array): Promise<string[]> {
  const { topics } = await readModelTasks(file);
  return topics.map(({ activityId, topic }) => `${activityId}: ${topic}`);
}

describe('the topics that are read from a BPMN file', () => {
  it.each([
    ['a service task', `<serviceTask id="a" ${EXTERNAL} />`],
    ['a send task', `<sendTask id="a" ${EXTERNAL} />`],
    ['a business rule task', `<businessRuleTask id="a" ${EXTERNAL} />`],
    [
      'a message throw event',
      `<intermediateThrowEvent id="a"><messageEventDefinition ${EXTERNAL} /></intermediateThrowEvent>`,
    ],
    ['a message end event', `<endEvent id="a"><messageEventDefinition ${EXTERNAL} /></endEvent>`],
    ['a type in capitals', '<serviceTask id="a" camunda:type="External" camunda:topic="t" />'],
    ['a transaction', `<transaction id="x"><sendTask id="a" ${EXTERNAL} /></transaction>`],
    [
      'an event sub-process',
      `<subProcess id="x" triggeredByEvent="true"><sendTask id="a" ${EXTERNAL} /></subProcess>`,
    ],
    ['sub-processes in each other', subProcess('x', subProcess('y', task('a', 't')))],
  ])('are those of %s', async (_what, element) => {
    expect(await topicsOf(bpmn('p', element))).toEqual(['a: t']);
  });

  it('are not those of a decision, nor of a task of another type', async () => {
    const decision = `<businessRuleTask id="a" camunda:decisionRef="d" ${EXTERNAL} />`;
    const mail = '<serviceTask id="b" camunda:type="mail" camunda:topic="t" />';
    expect(await topicsOf(bpmn('p', decision, mail))).toEqual([]);
  });

  it.each(['http://operaton.org/schema/1.0/bpmn', 'http://activiti.org/bpmn'])(
    'are found in the namespace %s, which engines read as well',
    async (namespace) => {
      const file = bpmn('p', `<sendTask id="a" ${EXTERNAL} />`)
        .replace('http://camunda.org/schema/1.0/bpmn', namespace)
        .replaceAll('camunda:', 'other:');
      expect(await topicsOf(file.replace('xmlns:camunda', 'xmlns:other'))).toEqual(['a: t']);
    },
  );

  it.each(['latin1', 'utf16le'] as const)(
    'are read letter for letter from %s',
    async (encoding) => {
      const declared = encoding === 'latin1' ? 'ISO-8859-1' : 'UTF-16';
      const file = bpmn('p', task('a', 'prüfen')).replace('UTF-8', declared);
      expect(await topicsOf(Buffer.from(file, encoding))).toEqual(['a: prüfen']);
    },
  );

  it('are not read from a file in another encoding than it declares, or in an unknown one', async () => {
    const file = bpmn('p', task('a', 'prüfen'));
    await expect(topicsOf(Buffer.from(file, 'latin1'))).rejects.toThrow(
      'its bytes are not valid UTF-8',
    );
    const odd = Buffer.from(file.replace('UTF-8', 'EBCDIC-1'));
    await expect(topicsOf(odd)).rejects.toThrow('its encoding EBCDIC-1 is not known');
  });
});

it('the user tasks of a BPMN file are read with those of its sub-processes', async () => {
  const task = (id: string) => `<userTask id="${id}" />`;
  const { userTasks } = await readModelTasks(bpmn('p', task('a'), subProcess('x', task('b'))));
  expect(userTasks).toEqual(['a', 'b']);
});
