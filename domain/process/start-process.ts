import { createHash } from 'node:crypto';
import type { JsonObject } from '../common/index.ts';
import { decide } from './decide.ts';
import type { EventStore } from './event-store.ts';
import type { ProcessIdentity, StoredEvent } from './events.ts';
import { endOf, type FindProcess } from './find-process.ts';
import { handleCommand } from './handle-command.ts';
import { isEnded, type ProcessState } from './process-state.ts';
import type { RequestHash } from './request-hash.ts';
import type { Waiter, Waitroom } from './waitroom.ts';

export interface StartRequest {
  definition: { key: string };
  /** Left out: `newId` makes one. */
  correlationId: string | undefined;
  idempotencyKey: string | undefined;
  /** `id` of the caller, whose the idempotency key is; null without access control. */
  callerId: string | null;
  /** As the schema of the process gave them back. */
  variables: JsonObject;
  /** Names of the variables that are dates. */
  dates: string[];
  identity: ProcessIdentity;
  /** Who asks for it. */
  actor: string;
  /** Of what the caller asked for: two starts with the same hash are one, sent twice. */
  requestHash: RequestHash;
  /** Milliseconds to wait for the end; 0 answers at once. */
  waitMs: number;
}

export type StartAnswer =
  | {
      kind: 'accepted';
      correlationId: string;
      state: ProcessState | null;
      /** True when the process was there before. */
      joined: boolean;
    }
  | { kind: 'conflict'; correlationId: string };

export interface StartPorts {
  eventStore: EventStore;
  waitroom: Waitroom;
  findProcess: FindProcess;
  newId: () => string;
}

/**
 * Accepts a start and waits for its end. The waiter stands before the request is committed, so even
 * a process that ends before this function goes on wakes it (G6). A start that was seen before, by
 * its correlation id or its idempotency key, joins the process that exists when it asks for the same,
 * and is a conflict when it asks for something else.
 *
 * @param onWaiting gets the waiter, to give it up when the caller hangs up
 * @throws StoreUnavailableError that says whether the start may have been written
 */
export async function startProcess(
  request: StartRequest,
  ports: StartPorts,
  onWaiting: (waiter: Waiter) => void,
): Promise<StartAnswer> {
  const { definition, variables, dates, identity, actor, requestHash, waitMs } = request;
  const correlationId = request.correlationId ?? ports.newId();
  const waiter = waitMs > 0 ? ports.waitroom.wait(correlationId, waitMs) : undefined;
  if (waiter) onWaiting(waiter);
  try {
    const existing = await appendRequest();
    if (!existing) {
      const state = waiter ? await endOf(waiter, correlationId, ports.findProcess) : null;
      return { kind: 'accepted', correlationId, state, joined: false };
    }
    const { type, data } = existing;
    if (type !== 'process-requested' || !requestHash.equals(data.requestHash)) {
      return { kind: 'conflict', correlationId: existing.correlationId };
    }
    return await join(existing.correlationId);
  } finally {
    waiter?.cancel();
  }

  /** @returns the first event of the process that was there before; undefined when this start made a new one */
  async function appendRequest(): Promise<StoredEvent | undefined> {
    const command = {
      type: 'request-process',
      processName: definition.key,
      identity,
      actor,
      audit: { httpMethod: 'POST', endpoint: '/api/process/start', httpStatusCode: 202 },
      variables,
      dates,
      requestHash: requestHash.value,
      idempotencyKey:
        request.idempotencyKey && idempotencyDedupeKey(request.idempotencyKey, request.callerId),
    } as const;
    const handled = await handleCommand(
      correlationId,
      ({ state }) => decide(command, state),
      ports.eventStore,
      { from: 'new' },
    );
    switch (handled.kind) {
      case 'appended':
        return undefined;
      case 'duplicate':
        return handled.event;
      case 'nothing':
        return handled.stream.first;
    }
  }

  /** Waits for a process that was there before, which may have ended already. */
  async function join(id: string): Promise<StartAnswer> {
    const own = id === correlationId ? waiter : undefined;
    const other = own || waitMs === 0 ? own : ports.waitroom.wait(id, waitMs);
    if (other && !own) onWaiting(other);
    // Looked up after the waiter stands: an end in between is seen by one of the two.
    const state = await ports.findProcess(id);
    if (state && isEnded(state)) {
      other?.cancel();
      return { kind: 'accepted', correlationId: id, state, joined: true };
    }
    const end = other ? await endOf(other, id, ports.findProcess) : null;
    // What comes may be old: the end that a retry, seen in the look-up, took back.
    const newest = end && end.version >= (state?.version ?? 0) ? end : state;
    return { kind: 'accepted', correlationId: id, state: newest, joined: true };
  }
}

/**
 * A caller's key may be of any length; its hash always fits the column. It counts under its caller only, or
 * anybody could guess another's. Where nobody is asked who calls, it is as it was before there were callers.
 */
function idempotencyDedupeKey(key: string, callerId: string | null): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  return callerId === null
    ? `idempotency:${hash(key)}`
    : `idempotency:of:${hash(JSON.stringify([callerId, key]))}`;
}
