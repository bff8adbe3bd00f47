import type { Task } from 'camunda-external-task-client-js';
import type { ProcessIdentity } from '../../../domain/events.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { TraceFields } from '../../observability/tracing.ts';

/** What the client hands over, as far as it is used here. */
export interface EngineTask extends Task {
  id: string;
  retries?: number | undefined;
  businessKey?: string | undefined;
  processInstanceId?: string | undefined;
  processDefinitionKey?: string | undefined;
}

/** Which process a task belongs to, and the trace that goes on under. */
export function processOf(task: EngineTask): { correlationId: string } & TraceFields {
  const { correlationId, traceparent, tracestate } = task.variables.getAll();
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' ? value : undefined;
  return {
    correlationId: String(correlationId ?? task.businessKey ?? ''),
    traceparent: text(traceparent),
    tracestate: text(tracestate),
  };
}

/** What every instance carries from its start, for the events of its steps. */
export function identityOf(variables: Record<string, unknown>): ProcessIdentity {
  const text = (name: string): string | undefined => {
    const value = variables[name];
    return typeof value === 'string' ? value : undefined;
  };
  const { identifiers } = variables;
  return {
    batchId: text('batch_id'),
    traceabilityId: text('traceability_id'),
    applicationId: text('application_id'),
    originatingSystem: text('originating_system'),
    traceparent: text('traceparent'),
    tracestate: text('tracestate'),
    identifiers:
      typeof identifiers === 'object' && identifiers !== null
        ? (identifiers as JsonObject)
        : undefined,
  };
}

/** Variables that every topic fetches besides its step's input. */
export const COMMON_VARIABLES: readonly string[] = [
  'correlationId',
  'batch_id',
  'traceability_id',
  'application_id',
  'originating_system',
  'identifiers',
  'traceparent',
  'tracestate',
  'errorStep',
];
