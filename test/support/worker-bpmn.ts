import { z } from 'zod';

/** What a step needs and a test does not care about. */
export function plain(name: string, number = 1) {
  return {
    name,
    number,
    input: z.object({}),
    output: z.object({}),
    successText: `${name} done`,
    errorText: `${name} not done`,
  };
}

/** External tasks in a row; the refusal of each in `catches` leads to the task `errorStep`. */
export function bpmnOf(
  key: string,
  steps: readonly string[],
  errorPath: { catches: readonly string[]; errorStep: string | null },
): string {
  const { catches, errorStep } = errorPath;
  const path = ['start', ...steps, 'end'];
  const flows = path
    .slice(1)
    .map((to, at) => `<bpmn:sequenceFlow id="f${at}" sourceRef="${path[at]}" targetRef="${to}" />`);
  const boundaries = catches.map(
    (name) =>
      `<bpmn:boundaryEvent id="caught_${name}" attachedToRef="${name}"><bpmn:errorEventDefinition id="error_${name}" /></bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="to_error_${name}" sourceRef="caught_${name}" targetRef="${errorStep}" />`,
  );
  const errorTask =
    errorStep === null
      ? ''
      : `${task(key, errorStep)}<bpmn:endEvent id="error_end" /><bpmn:sequenceFlow id="to_refused" sourceRef="${errorStep}" targetRef="error_end" />`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="${key}" isExecutable="true" camunda:historyTimeToLive="P1D">
    <bpmn:startEvent id="start" />
    ${steps.map((name) => task(key, name)).join('\n    ')}
    <bpmn:endEvent id="end" />
    ${[...flows, ...boundaries].join('\n    ')}
    ${errorTask}
  </bpmn:process>
</bpmn:definitions>`;
}

function task(key: string, name: string): string {
  return `<bpmn:serviceTask id="${name}" camunda:type="external" camunda:topic="${key}.${name}" />`;
}
