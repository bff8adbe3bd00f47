import {
  type Task as ClientTask,
  type HandleFailureOptions,
  type TaskService,
  type TypedValue,
  Variables,
} from 'camunda-external-task-client-js';
import { EngineRefusedError, EngineUnavailableError } from '../../domain/common/index.ts';
import { toEngineVariables, type VariableValue } from '../../domain/engine/index.ts';
import type { Report, Task } from '../../domain/steps/index.ts';
import { readObjectVariable } from '../worker/object-variables.ts';
import { errorMessage, failureMessage, reportOf, type WorkerObserver } from '../worker/reports.ts';
import { callOrRefuse } from './call-or-refuse.ts';
import { failureOf } from './engine-answers.ts';

/** A task as Camunda's client gives it to its handler, as far as it is used here. */
export interface FetchedTask extends ClientTask {
  id: string;
  retries?: number | undefined;
  businessKey?: string | undefined;
  processInstanceId?: string | undefined;
  processDefinitionKey?: string | undefined;
  topicName?: string | undefined;
  activityId?: string | undefined;
}

/** Milliseconds before the second attempt at a report; doubled before each later one. */
const RETRY_DELAY_MS = 50;
/** Milliseconds the lock is extended by, to see whether the engine works at all. */
const PROBE_LOCK_MS = 30_000;

/**
 * The task port over Camunda's external-task client.
 *
 * @param onReport called before the first report
 */
export function toTask(
  fetched: FetchedTask,
  taskService: TaskService,
  { makeCall, onReport }: Pick<WorkerObserver, 'makeCall'> & { onReport: () => void },
): Task {
  async function report(operation: keyof TaskService, call: () => Promise<void>): Promise<Report> {
    onReport();
    try {
      await callOrRefuse(() => makeCall(operation, call).catch(rethrow), {
        probe: () =>
          makeCall('extendLock', () => taskService.extendLock(fetched, PROBE_LOCK_MS)).catch(
            rethrowUnlessKnown,
          ),
        delayMs: RETRY_DELAY_MS,
        // A report says the same however often it is made, so a lost answer is worth another attempt, too.
        isRepeatable: (error) => error instanceof EngineUnavailableError,
      });
      return { kind: 'reported' };
    } catch (error) {
      return reportOf(error);
    }
  }

  return {
    id: fetched.id,
    processKey: fetched.processDefinitionKey ?? '',
    topic: fetched.topicName ?? '',
    activityId: fetched.activityId ?? '',
    instanceId: fetched.processInstanceId ?? '',
    businessKey: fetched.businessKey ?? null,
    retriesLeft: fetched.retries ?? null,
    reportedMark: fetched.errorDetails ?? null,
    get variables() {
      const typed = Object.entries(fetched.variables.getAllTyped());
      return Object.fromEntries(typed.map(([name, one]) => [name, typedValue(one)]));
    },
    isObject: (name) => fetched.variables.getTyped(name)?.type === OBJECT,
    complete(variables) {
      const typed = asVariables(variables);
      return report('complete', () => taskService.complete(fetched, typed));
    },
    fail({ message, mark, retriesLeft, retryIn }) {
      const failure: HandleFailureOptions = {
        errorMessage: failureMessage(message),
        errorDetails: mark,
        retries: retriesLeft,
        retryTimeout: retryIn,
      };
      return report('handleFailure', () => taskService.handleFailure(fetched, failure));
    },
    refuse({ code, message, variables }) {
      const text = errorMessage(message);
      const typed = asVariables(variables);
      return report('handleBpmnError', () =>
        taskService.handleBpmnError(fetched, code, text, typed),
      );
    },
  };
}

/** In lower case, as the client gives it. */
const OBJECT = 'object';

function typedValue({ type, value, valueInfo }: TypedValue): unknown {
  return type === OBJECT ? readObjectVariable({ ...valueInfo, value }) : value;
}

/** The client's EngineError carries the HTTP status; anything else is a failed connection. */
function rethrow(error: unknown): never {
  const { httpStatusCode: status, response } = (error ?? {}) as {
    httpStatusCode?: unknown;
    response?: { body?: unknown };
  };
  if (typeof status === 'number') throw failureOf(status, String(response?.body ?? ''));
  throw new EngineUnavailableError('the engine cannot be reached', {
    cause: error,
    outcome: 'unknown',
  });
}

/** An engine that says that the lock is lost works. */
function rethrowUnlessKnown(error: unknown): void {
  try {
    rethrow(error);
  } catch (failure) {
    if (!(failure instanceof EngineRefusedError)) throw failure;
  }
}

function asVariables(values: Record<string, VariableValue>): Variables {
  const variables = new Variables();
  for (const [name, { type, value }] of Object.entries(toEngineVariables(values))) {
    variables.setTyped(name, { type: type ?? 'String', value, valueInfo: {} });
  }
  return variables;
}
