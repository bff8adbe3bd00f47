import { describe, expect, it } from 'vitest';
import { programsOf, refusalOf } from '../../support/bpmn/compile-model.ts';
import { bpmn, end, flows, start, subProcess, task } from '../../support/bpmn/model.ts';
import { callActivity, extension, mappings, taskWith } from '../../support/bpmn/notation.ts';

const along = (element: string, ...more: string[]) => [
  ...[start(), element, end(), flows('start', 'x', 'end'), ...more],
];
const work = (...more: string[]) => along(task('x'), ...more);
const sub = (...elements: string[]) => along(subProcess('x', ...elements));
const listener = extension('<camunda:executionListener class="org.example.L" event="start" />');

/** What Operaton takes: work in Java or scripts, which this machine does not run, and scopes that never could begin. */
const NOT_RUN: [what: string, elements: string[], reason: string][] = [
  ['a sub-process without a start event', sub(end('e')), 'SubProcess "x" has no start event'],
  ['no start event', [task('x')], 'Process "process" has no start event'],
  [
    'a Java class',
    along('<serviceTask id="x" camunda:class="org.example.Work" />'),
    'ServiceTask "x" has camunda:class, which is not run; make it an external task',
  ],
  ['a service task that says nothing', along('<serviceTask id="x" />'), 'says not how it is done'],
  [
    'a decision',
    along('<businessRuleTask id="x" camunda:decisionRef="d" />'),
    'has camunda:decisionRef, which is not run',
  ],
  [
    'a script task',
    along('<scriptTask id="x" scriptFormat="js"><script>1</script></scriptTask>'),
    'is a script, which is not run',
  ],
  [
    'a listener',
    along(taskWith('x', listener)),
    'has a camunda:executionListener, which is not run',
  ],
  [
    'a connector',
    along(taskWith('x', extension('<camunda:connector />'))),
    'has a camunda:connector, which is not run',
  ],
  [
    'a script in a mapping',
    along(
      taskWith(
        'x',
        mappings({ inputs: { y: '<camunda:script scriptFormat="js">1</camunda:script>' } }),
      ),
    ),
    'has a script in camunda:inputOutput',
  ],
  [
    'a condition in a script language',
    work(
      '<sequenceFlow id="f" sourceRef="x" targetRef="end"><conditionExpression xsi:type="tFormalExpression" language="js">1</conditionExpression></sequenceFlow>',
    ),
    'has a condition in a script language',
  ],
  [
    'a case',
    along(callActivity('x', '', '', 'camunda:caseRef="c"')),
    'has camunda:caseRef, which is not run',
  ],
];

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/delegation-code/
describe('a process is refused at its deployment, though Camunda takes it, for', () => {
  it.each(NOT_RUN)('%s', async (_what, elements, reason) => {
    const refusal = await refusalOf(...elements);
    expect(refusal).toMatch(/^ModelError: /);
    expect(refusal).toContain(reason);
  });
});

describe('a process is taken', () => {
  it('with data, lanes and texts, which mean nothing when it runs', async () => {
    const drawn =
      '<laneSet id="lanes"><lane id="lane"><flowNodeRef>x</flowNodeRef></lane></laneSet>' +
      '<dataObject id="data" /><dataObjectReference id="ref" dataObjectRef="data" />' +
      '<textAnnotation id="note"><text>hi</text></textAnnotation>';
    expect(await refusalOf(drawn, ...work())).toBeNull();
  });

  it('not at all when it is not executable: it is no process of the file', async () => {
    const file = bpmn('process', ...work()).replace('isExecutable="true"', 'isExecutable="false"');
    expect(await programsOf(file)).toEqual([]);
  });
});
