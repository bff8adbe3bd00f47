import type { Json } from '../../domain/common/index.ts';
import type { FailureKind, ProcessState, ProcessStatus } from '../../domain/process/index.ts';
import type { ProcessRow } from './columns.ts';
import { jsonText, parseJson } from './event-row.ts';
import { decodeName, encodeName } from './process-name.ts';

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
