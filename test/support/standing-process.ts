import { bpmnFile, end, flows, parallel, receive, start, task } from './bpmn/model.ts';
import type { MarkedStep } from './process-folders.ts';

/** Steps of `standingModel`: two that are done, one that always fails, one that is never reached. */
export const STANDING_STEPS: readonly MarkedStep[] = [
  { name: 'quick', sets: 'quick' },
  { name: 'broken', sets: 'broken', fails: true },
  { name: 'last', sets: 'last', ends: 'ok' },
];

/**
 * A process whose instances come to a stand at a join, a user task, a call, a message in the called process, a timer, and
 * a task without retries. The file has the called process, too.
 *
 * @param asked the name of the user task
 */
export function standingModel(key: string, asked = 'Ask somebody'): string {
  const branches = ['quick', 'ask', 'call', 'nap', 'broken'];
  return bpmnFile({
    [key]: [
      start(),
      parallel('fork'),
      flows('start', 'fork'),
      task('quick'),
      task('broken'),
      `<userTask id="ask" name="${asked}" />`,
      `<callActivity id="call" calledElement="${key}-called" camunda:calledElementBinding="deployment"><extensionElements><camunda:in businessKey="#{execution.processBusinessKey}" /></extensionElements></callActivity>`,
      '<intermediateCatchEvent id="nap"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>',
      parallel('join'),
      ...branches.map((branch) => flows('fork', branch, 'join')),
      task('last'),
      end(),
      flows('join', 'last', 'end'),
    ],
    [`${key}-called`]: [
      start('begin'),
      receive('wait', `${key}-go`),
      end('done'),
      flows('begin', 'wait', 'done'),
    ],
  });
}
