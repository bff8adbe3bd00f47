import { setTimeout as sleep } from 'node:timers/promises';
import type { Report, Task } from '../../domain/steps/index.ts';
import { errorMessage, failureMessage, reportOf, type WorkerObserver } from '../worker/reports.ts';
import { callDirectly } from './direct-call.ts';
import { fromValues, toValues } from './direct-values.ts';
import type { ExternalTaskService, LockedTask } from './engine-api.ts';

/** Attempts at a report while the engine's file cannot be written. */
const ATTEMPTS = 5;
/** Milliseconds before the second attempt; doubled before each later one. */
const RETRY_DELAY_MS = 50;

/**
 * The task port over direct calls.
 *
 * @param onReport receives what became of each report
 */
export function toTask(
  locked: LockedTask,
  options: Pick<WorkerObserver, 'makeCall'> & {
    externalTasks: Pick<ExternalTaskService, 'complete' | 'failure' | 'bpmnError'>;
    workerId: string;
    onReport: (report: Report) => void;
  },
): Task {
  const { externalTasks, workerId, makeCall, onReport } = options;
  const { id } = locked;

  async function report(operation: string, call: () => Promise<void>): Promise<Report> {
    let done = await attempt(operation, call);
    for (let failed = 1; done.kind === 'unreachable' && failed < ATTEMPTS; failed++) {
      await sleep(RETRY_DELAY_MS * 2 ** (failed - 1));
      done = await attempt(operation, call);
    }
    onReport(done);
    return done;
  }

  function attempt(operation: string, call: () => Promise<void>): Promise<Report> {
    return makeCall(operation, () => callDirectly(call)).then(
      () => ({ kind: 'reported' }),
      reportOf,
    );
  }

  return {
    id,
    processKey: locked.processKey,
    topic: locked.topic,
    activityId: locked.activityId,
    instanceId: locked.processInstanceId,
    businessKey: locked.businessKey,
    retriesLeft: locked.retries,
    reportedMark: locked.errorDetails,
    get variables() {
      return fromValues(locked.variables);
    },
    isObject: (name) => locked.variables[name]?.type === 'Object',
    complete: (variables) =>
      report('complete', () => externalTasks.complete(id, workerId, toValues(variables))),
    fail: ({ message, mark, retriesLeft, retryIn }) =>
      report('handleFailure', () =>
        externalTasks.failure(id, workerId, {
          errorMessage: failureMessage(message),
          errorDetails: mark,
          retries: retriesLeft,
          retryTimeout: retryIn,
        }),
      ),
    refuse: ({ code, message, variables }) =>
      report('handleBpmnError', () => {
        const error = { code, message: errorMessage(message) };
        return externalTasks.bpmnError(id, workerId, error, toValues(variables));
      }),
  };
}
