import { hashJson } from '../process/index.ts';

/** Who asks for tasks or reports on them: a caller, by an identity that nobody else has, and one of its workers. */
export interface WorkerElsewhere {
  /** Name for the journal. */
  actor: string;
  /** Identity of the caller, which no other caller has. */
  callerId: string;
  workerId: string;
}

/** Longest worker id: the engines keep 255 characters, with what stands before it. */
export const MAX_WORKER_ID = 200;
/** Characters of the hash of a caller. */
const CALLER_LENGTH = 16;

/**
 * The worker as the engine knows it: two callers that name their workers alike cannot act on each other's locks.
 */
export function engineWorker({ callerId, workerId }: Omit<WorkerElsewhere, 'actor'>): string {
  return `${callerOf(callerId)}:${workerId}`;
}

/** Whether a worker in the engine is one of this caller. */
export function isWorkerOf(callerId: string, engineWorkerId: string): boolean {
  return engineWorkerId.startsWith(`${callerOf(callerId)}:`);
}

/** The id that the caller has given its worker. */
export function ownWorkerId(engineWorkerId: string): string {
  return engineWorkerId.slice(CALLER_LENGTH + 1);
}

function callerOf(callerId: string): string {
  return hashJson(callerId).slice(0, CALLER_LENGTH);
}
