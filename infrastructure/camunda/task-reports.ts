import { z } from 'zod';
import { toEngineVariables } from '../../domain/engine/index.ts';
import type { Report, Task } from '../../domain/steps/index.ts';
import { errorMessage, failureMessage } from '../worker/reports.ts';
import type { CallEngine } from './call-engine.ts';

/** What the worker that has a task locked may ask of it, by the names of Camunda's client, and the path of each. */
const PATHS = {
  complete: 'complete',
  handleFailure: 'failure',
  handleBpmnError: 'bpmnError',
  extendLock: 'extendLock',
  unlock: 'unlock',
} as const;
export type TaskCall = keyof typeof PATHS;

/**
 * Makes a call about a task, in the name of the worker that has it locked.
 *
 * @throws EngineRefusedError, EngineUnavailableError
 * @see https://docs.camunda.org/rest/camunda-bpm-platform/7.24/#tag/External-Task
 */
export async function callTask(
  call: CallEngine,
  { id, workerId }: { id: string; workerId: string },
  operation: TaskCall,
  body?: object,
): Promise<void> {
  const path = `/external-task/${id}/${PATHS[operation]}`;
  await call(z.null(), 'POST', path, { workerId, ...body });
}

/** The reports of the task port, as bodies of calls. */
export function taskReports(
  report: (operation: TaskCall, body: object) => Promise<Report>,
): Pick<Task, 'complete' | 'fail' | 'refuse'> {
  return {
    complete: (values) => report('complete', { variables: toEngineVariables(values) }),
    fail: ({ message, mark: errorDetails, retriesLeft: retries, retryIn: retryTimeout }) =>
      report('handleFailure', {
        errorMessage: failureMessage(message),
        errorDetails,
        retries,
        retryTimeout,
      }),
    refuse: ({ code: errorCode, message, variables }) =>
      report('handleBpmnError', {
        errorCode,
        errorMessage: errorMessage(message),
        variables: toEngineVariables(variables),
      }),
  };
}
