import { VersionConflictError } from '../common/index.ts';
import { decide, fold, isEnded, type ProcessState, type StoredEvent } from '../process/index.ts';
import { judge, stuckAt, type Verdict } from './diagnose.ts';
import type { EngineIncident, EngineInstance } from './engine.ts';
import type { ReconcilePorts, Span } from './reconcile-ports.ts';
import { isRunning, retryInstance } from './retry-instance.ts';
import { startInstance } from './start-instance.ts';

/** What the engine says of the pending processes of a batch. */
export interface BatchView {
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
 * Does what is to be done about one pending process. The engine was asked before: so the stream is read
 * now, must have had no news since the cutoff either, and must be at that version when an end is appended.
 * Whatever arrives in between wins.
 *
 * @returns what was done, null for nothing
 */
export async function reconcilePending(
  seen: ProcessState,
  view: BatchView,
  ports: ReconcilePorts,
  span: Span,
): Promise<string | null> {
  const { eventStore, engine, attemptsOf } = ports;
  const { correlationId, processName } = seen;
  const found = (view.instances.get(correlationId) ?? []).filter(
    ({ processKey }) => processKey === processName,
  );
  if (isFine(seen, found, view)) return null;
  const events = await eventStore.readStream(correlationId);
  const state = fold(events);
  const [request] = events;
  if (!state || !request || isEnded(state) || state.updatedAt > span.cutoff) return null;
  const recorded = found.find((one) => one.processInstanceId === state.processInstanceId) ?? null;
  // An engine without history, or a business key that was changed: what runs is no zombie.
  const { processInstanceId } = state;
  if (!recorded && processInstanceId && (await engine.isRunning(processInstanceId))) return null;
  const verdict = judge(
    state,
    events,
    {
      recorded,
      incidents: view.incidents.get(processInstanceId ?? '') ?? [],
      stuck: await isStuck(events),
    },
    span,
  );
  switch (verdict.kind) {
    case 'goes-on':
      return (await deleteSurplus(state)) ? 'surplus instance deleted' : null;
    case 'start':
      await startInstance(
        { name: 'start-instance', correlationId, eventId: request.id, redelivered: true },
        { attempt: 1 },
        { eventStore, engine },
      );
      return 'instance started or recorded';
    case 'retry':
      await retryInstance({ correlationId }, { eventStore, engine, attemptsOf });
      return (await endIfStill(verdict.incidents ?? [])) ?? 'retry done';
    case 'end':
      return end(state, verdict);
  }

  async function end(
    now: ProcessState,
    { outcome, deletes }: Verdict & { kind: 'end' },
  ): Promise<string | null> {
    const identity = request?.identity ?? {};
    const decided = decide({ type: 'end-process', processName, identity, outcome }, now);
    try {
      await eventStore.append(correlationId, decided, { expectedVersion: now.version });
    } catch (error) {
      // A step, an end or a cancel arrived in this moment: it knows better.
      if (error instanceof VersionConflictError) return null;
      throw error;
    }
    if (deletes && now.processInstanceId) await engine.cancel(now.processInstanceId);
    return `ended: ${outcome.status === 'error' ? outcome.code : outcome.status}`;
  }

  /** Attempts cannot be given back to everything that has an incident: such a process cannot go on. */
  async function endIfStill(old: readonly EngineIncident[]): Promise<string | null> {
    if (old.length === 0 || !state?.processInstanceId) return null;
    const open = await engine.findIncidents([state.processInstanceId]);
    const [still] = open.filter(({ id }) => old.some((one) => one.id === id));
    return still ? end(state, stuckAt(still, open, still.activityId ?? state.currentStep)) : null;
  }

  /** Asked of the engine only when a rule has said no and the instance shows nothing that it waits for. */
  async function isStuck(stream: readonly StoredEvent[]): Promise<boolean> {
    if (!recorded || !view.idle.has(recorded.processInstanceId)) return false;
    const refused = stream.some(
      (event) => event.type === 'step-failed' && event.data.kind === 'business',
    );
    return refused && (await engine.isStuck(recorded.processInstanceId));
  }

  /** Instances that a start whose answer was lost left beside the recorded one. */
  async function deleteSurplus(now: ProcessState): Promise<boolean> {
    if (!recorded || !isRunning(recorded)) return false;
    const surplus = found.filter(
      (one) => isRunning(one) && one.processInstanceId !== now.processInstanceId,
    );
    for (const one of surplus) await engine.cancel(one.processInstanceId);
    return surplus.length > 0;
  }
}

/** Most of them: their one instance runs, and shows what it waits for. Nothing more is read of these. */
function isFine(
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
