import { LRUCache } from 'lru-cache';
import { VersionConflictError } from '../common/index.ts';
import type { Engine, StartsInHand } from '../engine/index.ts';
import {
  decide,
  type EventStore,
  handleCommand,
  isEnded,
  type ProcessIdentity,
  type ProcessRequested,
  type ProcessState,
  type ProcessStream,
  readProcess,
  requestOf,
  type StoredEvent,
} from '../process/index.ts';
import type { Task } from './task.ts';

/** Instances whose stream is remembered. */
const MAX_KNOWN = 20_000;

/** The stream for a task's events, and what every event of it carries. */
export interface TaskStream {
  correlationId: string;
  /** Of the stream, also for the tasks of a called process. */
  processName: string;
  /** Of the stream's first event. */
  identity: ProcessIdentity;
  /** The recorded instance: that of the task, or the one that called it, however far above. */
  instanceId: string;
}

type TaskOwner =
  /** `read`: the events of the stream, if it was read for this. */
  | { kind: 'own'; stream: TaskStream; read?: readonly StoredEvent[] }
  /** Its process runs in another instance, or is cancelled: this one is to be deleted. */
  | { kind: 'duplicate'; instanceId: string; recorded: string | null }
  /** It belongs to no process that this service has accepted. */
  | { kind: 'foreign'; reason: string }
  /** Its instance does not run any more. */
  | { kind: 'gone' };

/**
 * Finds the stream of a task.
 *
 * @throws EngineUnavailableError, StoreUnavailableError
 */
type FindOwner = (task: OwnedTask) => Promise<TaskOwner>;

type OwnedTask = Pick<Task, 'instanceId' | 'processKey' | 'businessKey'>;

/** The stream of a process that was requested here. */
interface FoundStream extends ProcessStream {
  request: StoredEvent & ProcessRequested;
  state: ProcessState;
}

/**
 * Finds the stream that a task belongs to (G17): that of the business key of the instance at the root of its call
 * hierarchy, which must be the recorded one. A variable never decides it: anybody may set one, and the business
 * key of a called instance may be made of one.
 *
 * The engine starts a second instance when two deliveries of a start ask at the same moment, and hands out the
 * first tasks of both before either is recorded. So the first to come, worker or start job, records its
 * instance: the dedupe key of `process-started` lets one of them win, and no step of the other is ever done.
 */
export function createFindOwner(ports: {
  eventStore: EventStore;
  engine: Pick<Engine, 'findRoot' | 'isRunning'>;
  startsInHand?: Pick<StartsInHand, 'ended'> | undefined;
}): FindOwner {
  const { eventStore, engine, startsInHand } = ports;
  const known = new LRUCache<string, TaskStream>({ max: MAX_KNOWN });

  return async (task) => {
    for (;;) {
      try {
        return await find(task);
      } catch (error) {
        // Somebody appended while the engine was asked, and what it said may be old: asks it again.
        if (!(error instanceof VersionConflictError)) throw error;
      }
    }
  };

  async function find(task: OwnedTask): Promise<TaskOwner> {
    const { instanceId: id, processKey, businessKey } = task;
    const stream = known.get(id);
    if (stream) return { kind: 'own', stream };
    if (businessKey) await startsInHand?.ended(businessKey);
    const nearest = await readStream(businessKey);
    // The usual case asks nothing of the engine: only the root of a hierarchy is ever recorded.
    const isRoot = nearest?.state.processInstanceId === id;
    const root = isRoot
      ? { processInstanceId: id, processKey, businessKey }
      : await engine.findRoot(id);
    if (!root) return { kind: 'gone' };
    const key = root.businessKey ?? '';
    const found = key === businessKey ? nearest : await readStream(key);
    const reason = whyForeign(key, root.processKey, found);
    if (!found || reason !== null) return { kind: 'foreign', reason: reason ?? '' };
    const rootId = root.processInstanceId;
    const recorded = await recordedInstance(found, rootId);
    if (recorded !== rootId) return { kind: 'duplicate', instanceId: rootId, recorded };
    const { correlationId, processName, identity } = found.request;
    const own = { correlationId, processName, identity, instanceId: rootId };
    known.set(id, own);
    return { kind: 'own', stream: own, read: found.events };
  }

  /** Null for a stream that no request begins. */
  async function readStream(correlationId: string | null): Promise<FoundStream | null> {
    if (!correlationId) return null;
    const stream = await readProcess(eventStore, correlationId);
    const { state } = stream;
    const request = requestOf(stream);
    return state && request ? { ...stream, request, state } : null;
  }

  /** The instance that the process runs in, which may be recorded only now; null when in none. */
  async function recordedInstance(found: FoundStream, instanceId: string): Promise<string | null> {
    const { events, request, state } = found;
    const recorded = state.processInstanceId;
    if (recorded === instanceId) return recorded;
    const cause = events.findLast(({ type }) => type === 'process-retried') ?? request;
    if (recorded === null) {
      // The cancel found no instance that it could delete.
      if (state.error?.kind === 'cancelled') return null;
    } else {
      const isAnswered = events.some(
        ({ type, version }) => type === 'process-started' && version > cause.version,
      );
      // A retry continues in the recorded instance, as long as that runs.
      if (isAnswered || isEnded(state) || (await engine.isRunning(recorded))) return recorded;
    }
    const { correlationId, processName, identity } = request;
    const command = {
      type: 'record-start',
      processName,
      identity,
      processInstanceId: instanceId,
      requestId: cause.id,
      replaces: recorded,
    } as const;
    // At this very version: an instance that ended since the stream was read has had its effects.
    const handled = await handleCommand(
      correlationId,
      (stream) => decide(command, stream.state),
      eventStore,
      { from: found, onConflict: 'throw' },
    );
    if (handled.kind === 'appended') return instanceId;
    if (handled.kind !== 'duplicate' || handled.event.type !== 'process-started') return recorded;
    return handled.event.data.processInstanceId;
  }
}

/** Why the events of an instance belong to no stream; null when they do. */
function whyForeign(
  businessKey: string,
  processKey: string,
  found: FoundStream | null,
): string | null {
  if (businessKey === '') {
    return 'the instance has no business key, which must be the correlationId of a process that was started here';
  }
  if (!found) {
    return `no process with the correlationId "${businessKey}", the business key of the instance, was requested here`;
  }
  const { processName } = found.request;
  if (processName !== processKey) {
    return `the process with the correlationId "${businessKey}", the business key of the instance, is of "${processName}", not of "${processKey}"`;
  }
  return null;
}
