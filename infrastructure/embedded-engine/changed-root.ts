import { type Effect, JOB_RETRIES, type State } from '../../domain/bpmn/index.ts';
import { DAY_MS } from '../../domain/common/index.ts';
import type { Definitions } from './definitions.ts';
import type { InstanceState } from './engine-api.ts';
import { type StateView, viewState } from './state-view.ts';
import type { VersionedState } from './states.ts';
import type { ExternalTaskRow } from './store/rows.ts';
import type { EngineStore } from './store/store.ts';

/** A root that a unit of work has changed, before it is written. */
export interface ChangedRoot {
  readonly rootId: string;
  readonly definitionId: string;
  /** What the database has; null: it is new. */
  readonly before: VersionedState | null;
  state: State;
  readonly effects: Effect[];
  /** Where it was started; null: by its key. */
  startActivityId: string | null;
  /** Set when a call ends it. */
  deletion: { reason: string | null } | null;
}

/** An external task that is open from now on. */
export interface OpenedTask {
  readonly rootId: string;
  readonly node: number;
  readonly topic: string;
  readonly priority: number;
  readonly availableAt: number;
  readonly definitionId: string;
  readonly processKey: string;
  readonly businessKey: string | null;
  /** As it was written; null: it may have changed since. */
  row: ExternalTaskRow | null;
}

/** What else is to be done once the changes are committed. */
export interface Outcome {
  readonly openedTasks: OpenedTask[];
  /** Ids of external tasks. */
  readonly closedTasks: { rootId: string; node: number }[];
  readonly jobs: { rootId: string; wait: number }[];
  /** When the earliest new timer is due. */
  nextDue: number;
  /** A signal waits for its delivery to further roots. */
  hasPendingSignals: boolean;
}

export function newOutcome(): Outcome {
  return {
    openedTasks: [],
    closedTasks: [],
    jobs: [],
    nextDue: Number.POSITIVE_INFINITY,
    hasPendingSignals: false,
  };
}

type Opened = Extract<Effect, { kind: 'task-opened' | 'user-task-opened' }>;
type WaitOpened = Extract<Effect, { kind: 'wait-opened' }>;

/** Writes a root with all the effects of its steps, in the transaction of the caller. */
export function writeRoot(
  root: ChangedRoot,
  now: number,
  store: EngineStore,
  definitions: Definitions,
  outcome: Outcome,
): void {
  const view = viewState(root.rootId, root.state, definitions);
  const endEvents = new Map<string, string>();
  const opened = new Map<number, Opened>();
  const closed: number[] = [];
  const waits = new Map<number, WaitOpened>();
  const closedWaits: number[] = [];
  for (const effect of root.effects) {
    switch (effect.kind) {
      case 'instance-started':
        insertInstance(root, effect, now, store, definitions);
        break;
      case 'instance-ended':
        endInstance(root, effect, endEvents.get(effect.id) ?? null, now, store, definitions);
        break;
      case 'activity-ended':
        if (effect.type.endsWith('EndEvent')) endEvents.set(effect.instance, effect.activity);
        store.instances.addActivity({
          instance_id: effect.instance,
          root_id: root.rootId,
          node: effect.node,
          parent: effect.up,
          activity_id: effect.activity,
          type: effect.type,
          called_id: effect.calledInstance,
          since: effect.since,
          ended_at: now,
          cancelled: effect.cancelled ? 1 : 0,
        });
        break;
      case 'task-opened':
      case 'user-task-opened':
        opened.set(effect.node, effect);
        break;
      case 'task-closed':
        if (!opened.delete(effect.node)) closed.push(effect.node);
        break;
      case 'wait-opened':
        waits.set(effect.wait.id, effect);
        break;
      case 'wait-closed':
        if (!waits.delete(effect.id)) closedWaits.push(effect.id);
        break;
      case 'signal':
        // Was delivered within the unit of work.
        break;
      default:
        effect satisfies never;
    }
  }
  for (const node of closed) {
    outcome.closedTasks.push({ rootId: root.rootId, node });
    if (!store.externalTasks.delete(root.rootId, node)) store.userTasks.delete(root.rootId, node);
  }
  for (const wait of closedWaits) store.waits.delete(root.rootId, wait);
  for (const effect of opened.values()) openTask(root, effect, now, store, view, outcome);
  for (const { wait } of waits.values()) openWait(root, wait, now, store, view, outcome);
}

function insertInstance(
  root: ChangedRoot,
  effect: Extract<Effect, { kind: 'instance-started' }>,
  now: number,
  store: EngineStore,
  definitions: Definitions,
): void {
  const { id, node, definition, businessKey, calledBy } = effect;
  const program = definitions.program(definition);
  const initial = program.initial === null ? null : (program.elements[program.initial]?.id ?? null);
  store.instances.insert({
    id,
    root_id: root.rootId,
    node,
    definition_id: definition,
    process_key: program.key,
    business_key: businessKey,
    super_id: calledBy?.instance ?? null,
    super_activity_id: calledBy?.activity ?? null,
    super_node: calledBy?.node ?? null,
    started_at: now,
    start_activity_id: calledBy ? initial : (root.startActivityId ?? initial),
  });
}

function endInstance(
  root: ChangedRoot,
  effect: Extract<Effect, { kind: 'instance-ended' }>,
  endEvent: string | null,
  now: number,
  store: EngineStore,
  definitions: Definitions,
): void {
  const { id, how, variables } = effect;
  const terminated: InstanceState = root.deletion
    ? 'EXTERNALLY_TERMINATED'
    : 'INTERNALLY_TERMINATED';
  const isRoot = id === root.rootId;
  const days = definitions.find(root.definitionId)?.historyDays ?? 0;
  store.instances.end({
    id,
    state: how === 'completed' ? 'COMPLETED' : terminated,
    endedAt: now,
    removeAt: isRoot ? now + days * DAY_MS : null,
    deleteReason: how === 'completed' ? null : (root.deletion?.reason ?? null),
    endActivityId: endEvent,
    variables: JSON.stringify(variables),
  });
}

function openTask(
  { rootId }: ChangedRoot,
  effect: Opened,
  now: number,
  store: EngineStore,
  view: StateView,
  outcome: Outcome,
): void {
  const node = view.node(effect.node);
  if (!node) return;
  const instance = view.instance(node);
  const task = {
    root_id: rootId,
    node: node.id,
    instance_id: instance.id,
    activity_id: view.element(node).id,
    created_at: now,
  };
  if (effect.kind === 'user-task-opened') {
    store.userTasks.insert(task, effect.task);
    return;
  }
  const { topic, priority } = effect;
  store.externalTasks.insert({ ...task, topic, priority });
  const { definition: definitionId, businessKey } = instance;
  const processKey = view.program(node).key;
  outcome.openedTasks.push({
    rootId,
    node: node.id,
    topic,
    priority,
    availableAt: now,
    definitionId,
    processKey,
    businessKey,
    row: {
      ...task,
      topic,
      priority,
      instance_node: node.in,
      definition_id: definitionId,
      process_key: processKey,
      business_key: businessKey,
      retries: null,
      error_message: null,
      error_details: null,
      failed_at: null,
      available_at: now,
    },
  });
}

function openWait(
  { rootId }: ChangedRoot,
  wait: WaitOpened['wait'],
  now: number,
  store: EngineStore,
  view: StateView,
  outcome: Outcome,
): void {
  const node = view.node(wait.node);
  if (!node) return;
  const due = wait.due ?? (wait.kind === 'job' ? now : null);
  store.waits.insert({
    root_id: rootId,
    wait: wait.id,
    node: wait.node,
    instance_id: view.instance(node).id,
    activity_id: view.activityOf(wait, node),
    kind: wait.kind,
    name: wait.name ?? null,
    due,
    retries: wait.retries ?? JOB_RETRIES,
    created_at: now,
  });
  if (wait.kind === 'job') outcome.jobs.push({ rootId, wait: wait.id });
  else if (due !== null) outcome.nextDue = Math.min(outcome.nextDue, due);
}
