import { VersionConflictError } from '../common/index.ts';
import {
  endProcess,
  isEnded,
  type ProcessState,
  readProcess,
  type StoredEvent,
} from '../process/index.ts';
import { type Diagnosis, diagnose, stuckAt } from './diagnose.ts';
import type { EngineIncident, EngineInstance } from './engine.ts';
import type { ReconcilePorts, Span } from './reconcile-ports.ts';
import { isRunning, retryInstance } from './retry-instance.ts';
import { startInstance } from './start-instance.ts';

/** What the engine says of the pending processes of a batch. */
interface BatchView {
  /** By business key. */
  instances: ReadonlyMap<string, readonly EngineInstance[]>;
  /** By instance. */
  incidents: ReadonlyMap<string, readonly EngineIncident[]>;
  /** Instances that run with no task, job or incident that would say what they wait for. */
  idle: ReadonlySet<string>;
}

/** Asks the engine about a batch: a few calls, however many processes. */
export async function viewBatch(
  states: readonly ProcessState[],
  { engine }: Pick<ReconcilePorts, 'engine'>,
): Promise<BatchView> {
  const keys = [...new Set(states.map(({ processName }) => processName))];
  const found = await engine.findInstancesOf(
    keys,
    states.map(({ correlationId }) => correlationId),
  );
  const active = found
    .filter(({ state }) => state === 'active')
    .map((one) => one.processInstanceId);
  const incidents = groupBy(await engine.findIncidents(active), (one) => one.processInstanceId);
  const idle = await engine.findIdle(active.filter((id) => !incidents.has(id)));
  return {
    instances: groupBy(found, (one) => one.businessKey ?? ''),
    incidents,
    idle: new Set(idle),
  };
}

/**
 * Does what one pending process needs. The engine was asked before: so the stream is read now, must have had no
 * news since the cutoff either, and must still be at that version when an end is appended. Whatever arrives in
 * between wins.
 *
 * @returns what was done, null for nothing
 */
export async function reconcilePending(
  seen: ProcessState,
  view: BatchView,
  ports: ReconcilePorts,
  span: Span,
): Promise<string | null> {
  const { eventStore, engine, attemptsOf, clock } = ports;
  const { correlationId, processName } = seen;
  const found = (view.instances.get(correlationId) ?? []).filter(
    ({ processKey }) => processKey === processName,
  );
  if (isHealthy(seen, found, view)) return null;
  const stream = await readProcess(eventStore, correlationId);
  const { events, first: request, state } = stream;
  if (!state || !request || isEnded(state) || state.updatedAt > span.cutoff) return null;
  const { processInstanceId } = state;
  const recorded = found.find((one) => one.processInstanceId === processInstanceId) ?? null;
  // An engine without history, or a business key that was changed: what runs is no zombie.
  if (!recorded && processInstanceId && (await engine.isRunning(processInstanceId))) return null;
  const incidents = view.incidents.get(processInstanceId ?? '') ?? [];
  const stuck = await isStuck(events);
  const diagnosis = diagnose(state, events, { recorded, incidents, stuck }, span);
  switch (diagnosis.kind) {
    case 'healthy':
      return (await deleteDuplicates()) ? 'duplicate instance deleted' : null;
    case 'start':
      await startInstance(
        { name: 'start-instance', correlationId, eventId: request.id, redelivered: true },
        { attempt: 1 },
        { eventStore, engine, clock },
      );
      return 'instance started or recorded';
    case 'retry':
      await retryInstance({ correlationId }, { eventStore, engine, attemptsOf });
      return (await endIfStill(diagnosis.incidents ?? [])) ?? 'retry done';
    case 'end':
      return end(diagnosis);
    default:
      return diagnosis satisfies never;
  }

  async function end({ outcome, deletes }: Diagnosis & { kind: 'end' }): Promise<string | null> {
    try {
      await endProcess(correlationId, { type: 'end-process', outcome }, eventStore, {
        from: stream,
        onConflict: 'throw',
      });
    } catch (error) {
      // A step, an end or a cancel arrived in this moment: it knows better.
      if (error instanceof VersionConflictError) return null;
      throw error;
    }
    if (deletes && processInstanceId) await engine.cancel(processInstanceId);
    return `ended: ${outcome.status === 'error' ? outcome.code : outcome.status}`;
  }

  /** Attempts cannot be given back to everything that has an incident: such a process cannot continue. */
  async function endIfStill(old: readonly EngineIncident[]): Promise<string | null> {
    if (old.length === 0 || !processInstanceId) return null;
    const open = await engine.findIncidents([processInstanceId]);
    const [still] = open.filter(({ id }) => old.some((one) => one.id === id));
    return still ? end(stuckAt(still, open, still.activityId ?? state?.currentStep ?? null)) : null;
  }

  /** Asks the engine only when a rule has refused and the instance shows nothing that it waits for. */
  async function isStuck(all: readonly StoredEvent[]): Promise<boolean> {
    if (!recorded || !view.idle.has(recorded.processInstanceId)) return false;
    const refused = all.some(
      (event) => event.type === 'step-failed' && event.data.kind === 'business',
    );
    return refused && (await engine.isStuck(recorded.processInstanceId));
  }

  /** Deletes instances that a start whose answer was lost left beside the recorded one. */
  async function deleteDuplicates(): Promise<boolean> {
    if (!recorded || !isRunning(recorded)) return false;
    const duplicates = found.filter(
      (one) => isRunning(one) && one.processInstanceId !== processInstanceId,
    );
    for (const one of duplicates) await engine.cancel(one.processInstanceId);
    return duplicates.length > 0;
  }
}

/** Most processes: their one instance runs, and shows what it waits for. No more is read of these. */
function isHealthy(
  { processInstanceId }: ProcessState,
  found: readonly EngineInstance[],
  { incidents, idle }: BatchView,
): boolean {
  const [one] = found;
  if (!one || found.length > 1 || one.processInstanceId !== processInstanceId) return false;
  if (one.state === 'suspended') return true;
  return (
    one.state === 'active' && !incidents.has(processInstanceId) && !idle.has(processInstanceId)
  );
}

function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}
