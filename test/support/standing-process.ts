import { bpmnFile, end, flows, parallel, receive, start, task } from './bpmn/model.ts';
import type { MarkedStep } from './process-folders.ts';

/** What branches an instance has: those of a calm one have nothing that fails. */
const BRANCHES = ['quick', 'ask', 'call', 'nap'];

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
 * @param isCalm without the task that fails
 */
export function standingModel(key: string, asked = 'Ask somebody', isCalm = false): string {
  const branches = isCalm ? BRANCHES : [...BRANCHES, 'broken'];
  return bpmnFile({
    [key]: [
      start(),
      parallel('fork'),
      flows('start', 'fork'),
      task('quick'),
      ...(isCalm ? [] : [task('broken')]),
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
