import { LRUCache } from 'lru-cache';
import { decide } from '../../../domain/decide.ts';
import type { StepLogger } from '../../../domain/define-process.ts';
import type { Engine } from '../../../domain/ports/engine.ts';
import type { EventStore } from '../../../domain/ports/event-store.ts';
import { fold, isEnded } from '../../../domain/process.ts';
import { type EngineTask, processOf } from './task-variables.ts';

/** Instances that are known to be the ones of their processes. */
const MAX_KNOWN = 20_000;

/** True when the task may be done; false when its instance is a surplus one, which has been deleted. */
export type InstanceCheck = (task: EngineTask, log: StepLogger) => Promise<boolean>;

/**
 * Keeps workers off the twin of an instance. The engine starts a second instance when two deliveries of a
 * start ask at the same moment, and hands out the first tasks of both before either is recorded. So the
 * first to come, worker or start job, records its instance: the dedupe key of `process-started` lets one
 * of them win, and no step of the other is ever done.
 *
 * The check throws EngineUnavailableError when the twin cannot be deleted now, StoreUnavailableError when
 * the stream cannot be read or written.
 */
export function createInstanceCheck(ports: {
  eventStore: EventStore;
  engine: Engine;
}): InstanceCheck {
  const { eventStore, engine } = ports;
  const known = new LRUCache<string, true>({ max: MAX_KNOWN });

  return async (task, log) => {
    const instanceId = task.processInstanceId;
    if (instanceId === undefined || known.has(instanceId)) return true;
    const recorded = await recordedFor(task, instanceId);
    if (recorded === null || recorded === instanceId) {
      known.set(instanceId, true);
      return true;
    }
    log.warn({ taskId: task.id, instanceId, recorded }, 'the instance is a twin; deleting it');
    await engine.cancel(instanceId);
    return false;
  };

  /** The instance that its process goes on in; null when that is not for us to say. */
  async function recordedFor(task: EngineTask, instanceId: string): Promise<string | null> {
    const { correlationId } = processOf(task);
    const events = await eventStore.readStream(correlationId);
    const state = fold(events);
    const [request] = events;
    // Started by others, or called by an instance of ours: then its tasks are for the same stream.
    if (!state || !request || task.processDefinitionKey !== request.processName) return null;
    // What comes late, after the end, is recorded as well; but not of a twin.
    if (state.processInstanceId === instanceId || isEnded(state)) return state.processInstanceId;
    const cause = events.findLast(({ type }) => type === 'process-retried') ?? request;
    const { processName, identity } = request;
    const command = {
      type: 'record-start',
      processName,
      identity,
      processInstanceId: instanceId,
      requestId: cause.id,
      replaces: events.some(
        ({ type, version }) => type === 'process-started' && version > cause.version,
      )
        ? null
        : state.processInstanceId,
    } as const;
    const decided = decide(command, state);
    if (decided.length === 0) return state.processInstanceId;
    const { events: stored } = await eventStore.append(correlationId, decided);
    const [started] = stored;
    return started?.type === 'process-started' ? started.data.processInstanceId : null;
  }
}
