import type { ProcessState } from '../../domain/process/process-state.ts';

/** A state as the projection makes it; pending unless said otherwise. */
export function stateOf(
  correlationId: string,
  version: number,
  status: ProcessState['status'] = 'pending',
): ProcessState {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    correlationId,
    processName: 'onboard-user',
    status,
    data: status === 'ok' ? { message: 'Willkommen, 漢' } : null,
    error: status === 'error' ? { kind: 'business', code: 'NO', message: 'no', step: null } : null,
    currentStep: null,
    processInstanceId: null,
    startedAt: at,
    updatedAt: at,
    completedAt: status === 'pending' ? null : at,
    version,
  };
}
