import type { Json } from '../../domain/common/index.ts';
import type { FailureKind, ProcessState, ProcessStatus } from '../../domain/process/index.ts';
import { jsonText, parseJson } from './event-row.ts';
import { decodeName, encodeName } from './process-name.ts';

/** A row of process_store; the names are the columns, times are ISO 8601 in UTC. */
export interface ProcessRow {
  correlation_id: string;
  status: string;
  data: string | null;
  /** The message of the error, for people; personal ones are sealed. */
  error: string | null;
  error_kind: string | null;
  error_code: string | null;
  error_step: string | null;
  started_at: string;
  updated_at: string;
  process_name: string;
  current_step: string | null;
  process_instance_id: string | null;
  completed_at: string | null;
  version: number;
}

export const PROCESS_COLUMNS = [
  'correlation_id',
  'status',
  'data',
  'error',
  'error_kind',
  'error_code',
  'error_step',
  'started_at',
  'updated_at',
  'process_name',
  'current_step',
  'process_instance_id',
  'completed_at',
  'version',
] as const satisfies readonly (keyof ProcessRow)[];

export function toProcessRow(state: ProcessState): ProcessRow {
  return {
    correlation_id: state.correlationId,
    status: state.status,
    data: jsonText(state.data),
    error: state.error?.message ?? null,
    error_kind: state.error?.kind ?? null,
    error_code: state.error?.code ?? null,
    error_step: state.error?.step ?? null,
    started_at: state.startedAt,
    updated_at: state.updatedAt,
    process_name: encodeName(state.processName),
    current_step: state.currentStep,
    process_instance_id: state.processInstanceId,
    completed_at: state.completedAt,
    version: state.version,
  };
}

export function fromProcessRow(row: ProcessRow): ProcessState {
  return {
    correlationId: row.correlation_id,
    status: row.status as ProcessStatus,
    data: parseJson(row.data) as Json,
    error:
      row.error_kind === null
        ? null
        : {
            kind: row.error_kind as FailureKind,
            code: row.error_code ?? '',
            message: row.error ?? '',
            step: row.error_step,
          },
    startedAt: row.started_at,
    updatedAt: row.updated_at,
    processName: decodeName(row.process_name),
    currentStep: row.current_step,
    processInstanceId: row.process_instance_id,
    completedAt: row.completed_at,
    version: row.version,
  };
}
