import { createHash } from 'node:crypto';
import type { RestoreOutcome } from '../archive/index.ts';
import { CodedError, isTransient, type Log } from '../common/index.ts';
import {
  type EventStore,
  endProcess,
  type FindProcess,
  type ProcessState,
  retryProcess,
  type Waitroom,
} from '../process/index.ts';
import type { BulkRun } from './bulk-run.ts';

export interface ActPorts {
  eventStore: EventStore;
  waitroom: Waitroom;
  findProcess: FindProcess;
  /** @throws an Error that passes while a maintenance run holds the tables */
  restore(correlationId: string, run: BulkRun): Promise<RestoreOutcome>;
  log: Pick<Log, 'error'>;
}

const audit = { httpMethod: 'POST', endpoint: '/api/admin/bulk', httpStatusCode: 202 };
const NO_WAIT = { ms: 0, hungUp: new AbortController().signal };
const GONE = 'there is no such process any more';

/**
 * Does to one process what the run asks for. The event has a dedupe key of run and process, so that it is written once,
 * however often and on however many service instances this is called.
 *
 * @returns why it was not done, in a sentence; null when it was, now or before
 * @throws what passes, such as StoreUnavailableError
 */
export async function actOnProcess(
  run: BulkRun,
  correlationId: string,
  ports: ActPorts,
): Promise<string | null> {
  const { eventStore } = ports;
  try {
    if (run.action === 'restore') return whyNotRestored(await ports.restore(correlationId, run));
    const refusal = await (run.action === 'cancel' ? cancel() : retry());
    return refusal !== null && (await wasDone()) ? null : refusal;
  } catch (error) {
    // One process that cannot be read, or meets a fault of ours, must not keep all others waiting.
    if (isTransient(error)) throw error;
    if (error instanceof CodedError) return error.message;
    ports.log.error({ err: error, correlationId, bulkId: run.id }, 'bulk: an unexpected error');
    return 'an unexpected error; the log of the service has it';
  }

  async function cancel(): Promise<string | null> {
    const { reason, actor } = run;
    const dedupeKey = keyOf(run.id, correlationId);
    const request = { reason, actor, audit, bulkId: run.id, dedupeKey };
    const answer = await endProcess(
      correlationId,
      { type: 'cancel-process', ...request },
      eventStore,
    );
    if (answer.kind === 'done') return null;
    return answer.kind === 'unknown' ? GONE : `it ended before: ${endText(answer.state)}`;
  }

  async function retry(): Promise<string | null> {
    const { reason, actor } = run;
    const bulk = { id: run.id, dedupeKey: keyOf(run.id, correlationId) };
    const answer = await retryProcess({ correlationId, reason, actor, wait: NO_WAIT, bulk }, ports);
    switch (answer.kind) {
      case 'retried':
        return null;
      case 'unknown':
        return GONE;
      case 'archived':
        return 'it is archived; restore it first';
      case 'erased':
        return 'the personal data that it was started with is erased';
      case 'refused':
        return answer.state.status === 'pending'
          ? 'it is pending'
          : `it ended in a way that a retry does not change: ${endText(answer.state)}`;
      default:
        return answer satisfies never;
    }
  }

  /** By this run, before a kill or on another instance. */
  async function wasDone(): Promise<boolean> {
    const key = keyOf(run.id, correlationId);
    return (await eventStore.findByDedupePrefix(key, correlationId)).length > 0;
  }
}

/** A correlation id may be as long as a key: its hash goes in. */
function keyOf(bulkId: string, correlationId: string): string {
  return `bulk:${bulkId}:${createHash('sha256').update(correlationId).digest('hex')}`;
}

function endText({ status, error }: ProcessState): string {
  if (status !== 'error') return status;
  return error?.kind === 'cancelled' ? 'cancelled' : `${error?.kind} error ${error?.code}`;
}

function whyNotRestored(outcome: RestoreOutcome): string | null {
  if (outcome === 'unknown') return GONE;
  if (outcome !== 'damaged') return null;
  return 'it is live and archived at once, or archived in part; `fastify-camunda verify` says more';
}
