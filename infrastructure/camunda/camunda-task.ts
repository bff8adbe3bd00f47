import type { Task as ClientTask, TypedValue } from 'camunda-external-task-client-js';
import { EngineRefusedError, EngineUnavailableError } from '../../domain/common/index.ts';
import type { Report, Task } from '../../domain/steps/index.ts';
import { readObjectVariable } from '../worker/object-variables.ts';
import { reportOf } from '../worker/reports.ts';
import { callOrRefuse } from './call-or-refuse.ts';
import { type TaskCall, taskReports } from './task-reports.ts';

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

/** Makes a call about one task. @throws EngineRefusedError, EngineUnavailableError */
export type CallOwnTask = (operation: TaskCall, body?: object) => Promise<void>;

/**
 * The task port over a task that Camunda's external-task client has fetched.
 *
 * @param onReport called before the first report
 */
export function toTask(fetched: FetchedTask, call: CallOwnTask, onReport: () => void): Task {
  async function report(operation: TaskCall, body: object): Promise<Report> {
    onReport();
    try {
      await callOrRefuse(() => call(operation, body), {
        probe: () => call('extendLock', { newDuration: PROBE_LOCK_MS }).catch(rethrowUnlessRefused),
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
    ...taskReports(report),
  };
}

/** In lower case, as the client gives it. */
const OBJECT = 'object';

function typedValue({ type, value, valueInfo }: TypedValue): unknown {
  return type === OBJECT ? readObjectVariable({ ...valueInfo, value }) : value;
}

/** An engine that says that the lock is lost works. */
function rethrowUnlessRefused(error: unknown): void {
  if (!(error instanceof EngineRefusedError)) throw error;
}
