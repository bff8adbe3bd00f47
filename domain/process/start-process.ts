import { createHash } from 'node:crypto';
import type { JsonObject, Timestamp } from '../common/index.ts';
import { decide } from './decide.ts';
import type { EventStore } from './event-store.ts';
import type { ProcessIdentity, StartCallback, StoredEvent } from './events.ts';
import type { FindProcess } from './find-process.ts';
import { handleCommand } from './handle-command.ts';
import type { ProcessState } from './process-state.ts';
import type { RequestHash } from './request-hash.ts';
import { type CallerWait, endOf, findAfterWait, openWaiter } from './wait-for-end.ts';
import type { Waitroom } from './waitroom.ts';

interface StartRequest {
  definition: { key: string };
  /** Left out: `newId` makes one. */
  correlationId: string | undefined;
  idempotencyKey: string | undefined;
  /** `id` of the caller, whose the idempotency key is; null without access control. */
  callerId: string | null;
  /** As the schema of the process returned them. */
  variables: JsonObject;
  /** Names of the variables that are dates. */
  dates: string[];
  /** When its instance is to begin; left out: at once. */
  startAt?: Timestamp | undefined;
  identity: ProcessIdentity;
  /** Where its events are sent to; left out: nowhere. */
  callback?: StartCallback | undefined;
  /** Who asks for it. */
  actor: string;
  /** Of what the caller asked for: two starts with the same hash are one, sent twice. */
  requestHash: RequestHash;
  wait: CallerWait;
}

type StartAnswer =
  | {
      kind: 'accepted';
      correlationId: string;
      state: ProcessState | null;
      /** True when the process was there before. */
      joined: boolean;
    }
  | { kind: 'conflict'; correlationId: string };

interface StartPorts {
  eventStore: EventStore;
  waitroom: Waitroom;
  findProcess: FindProcess;
  newId: () => string;
}

/**
 * Accepts a start and waits for its end. The waiter is registered before the request is committed, so even
 * a process that ends before the append returns wakes it (G6). A repeated start, by
 * its correlation id or its idempotency key, joins the existing process when it asks for the same,
 * and is a conflict when it asks for something else.
 *
 * @throws StoreUnavailableError that says whether the start may have been written
 */
export async function startProcess(request: StartRequest, ports: StartPorts): Promise<StartAnswer> {
  const { definition, variables, dates, startAt, identity, actor, requestHash, wait } = request;
  const correlationId = request.correlationId ?? ports.newId();
  const waiter = openWaiter(ports.waitroom, correlationId, wait);
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
    const { correlationId: id } = existing;
    const state = await findAfterWait(id, wait, ports, id === correlationId ? waiter : undefined);
    return { kind: 'accepted', correlationId: id, state, joined: true };
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
      startAt,
      callback: request.callback,
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
}

/**
 * A caller's key may be of any length; its hash always fits the column. It is valid for its caller only, or
 * anybody could guess another's. Without access control the key is the one that releases without callers wrote.
 */
function idempotencyDedupeKey(key: string, callerId: string | null): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  return callerId === null
    ? `idempotency:${hash(key)}`
    : `idempotency:of:${hash(JSON.stringify([callerId, key]))}`;
}
