import {
  type Context,
  type Effect,
  type Placement,
  type Program,
  placeTokens,
  type State,
  type Values,
} from '../../domain/bpmn/index.ts';
import { readOldExecution } from './bring-over-execution.ts';
import { newOutcome, writeRoot } from './changed-root.ts';
import type { Definitions } from './definitions.ts';
import { findNode } from './states.ts';
import type { OldInstanceRow, OldRows, OldTaskRow } from './store/old-rows.ts';
import type { EngineStore } from './store/store.ts';

/**
 * Brings a running instance of the engine before this one over, in the transaction of the caller: its tokens stand
 * where they stood, timers are due when they were, tasks have the attempts, messages and pauses that they had.
 *
 * @throws Error when it cannot be; the caller undoes what was written
 */
export function bringOverInstance(
  row: OldInstanceRow,
  { store, old, definitions, context }: BringOver,
): void {
  const { id, definition_id: definition, business_key: businessKey } = row;
  const program = context.program(definition);
  const isKnown = store.instances.byId(id) !== undefined;
  const placement = readOldExecution(row.execution ?? '', row.process_key);
  const variables = JSON.parse(row.variables) as Values;
  const { state, effects } = placeTokens(
    context,
    definition,
    { id, businessKey, variables },
    { ...placement, waiting: withoutCaught(program, placement) },
  );
  writeRoot(
    {
      rootId: id,
      definitionId: definition,
      before: null,
      state,
      // One that stood still since an earlier start has its row.
      effects: effects.filter(({ kind }) => !(isKnown && kind === 'instance-started')),
      startActivityId: null,
      deletion: null,
    },
    context.now,
    store,
    definitions,
    newOutcome(),
  );
  const initial = program.elements[program.initial ?? -1]?.id ?? null;
  old.setStarted(id, row.started_at, initial);
  for (const { task, node } of pairTasks(old.tasks(id), openedTasks(effects, state, program))) {
    // Without attempts it is an incident from then on.
    const failedAt = task.retries === 0 ? Math.min(task.available_at, context.now) : null;
    old.setTask(id, node, task, failedAt);
  }
  if (state.nodes.length > 0) store.states.insert(id, 1, state);
  else store.instances.closeRoot(id);
}

export interface BringOver {
  readonly store: EngineStore;
  readonly old: OldRows;
  readonly definitions: Definitions;
  readonly context: Context;
}

/** Behind an event-based gateway the events waited themselves; here the gateway does. */
function withoutCaught(program: Program, { waiting }: Placement): string[] {
  const elements = waiting.map((id) => program.elements[program.byId.get(id) ?? -1]);
  const gateways = elements.filter((element) => element?.behavior.kind === 'event-based');
  return waiting.filter((id, at) => {
    const element = elements[at];
    if (element?.behavior.kind !== 'caught') return true;
    if (gateways.some((gateway) => gateway?.handlers.some((one) => one.element === element.index)))
      return false;
    throw new Error(`it waits at "${id}" without the event-based gateway before that`);
  });
}

interface OpenedTask {
  node: number;
  activityId: string;
}

function openedTasks(
  effects: readonly Effect[],
  state: State,
  { elements }: Program,
): OpenedTask[] {
  return effects.flatMap((effect) => {
    const node = effect.kind === 'task-opened' ? findNode(state, effect.node) : undefined;
    return node ? [{ node: node.id, activityId: elements[node.el]?.id ?? '' }] : [];
  });
}

/** @throws Error when a task is open that the instance does not wait for any more */
function pairTasks(
  tasks: readonly OldTaskRow[],
  opened: readonly OpenedTask[],
): { task: OldTaskRow; node: number }[] {
  const left = [...opened].sort((a, b) => a.node - b.node);
  return tasks.map((task) => {
    const at = left.findIndex(({ activityId }) => activityId === task.activity_id);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    if (!found) throw new Error(`its state does not wait for its open task "${task.activity_id}"`);
    return { task, node: found.node };
  });
}
