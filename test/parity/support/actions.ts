import type { Answer } from './engine.ts';
import type { Randomness } from './randomness.ts';
import { familyOf, type Side, type View } from './side.ts';
import type { OpenTask } from './task-order.ts';
import type { Values } from './values.ts';

/** Something that can be done to an instance, on every engine in the same way. */
export interface Action {
  name: string;
  weight: number;
  /** Nobody waits for what it sends. */
  isUnawaited?: boolean;
  on(side: Side, view: View): Promise<Answer>;
}

interface Subscription {
  eventType: string;
  eventName: string | null;
  activityId: string;
  processInstanceId: string;
}

const ERROR_MESSAGE = 'it went wrong';
const LOCK_MS = 600_000;
const WORKER = 'parity';

/** What can be done next, by what the instance waits for on the reference. */
export async function actionsFor(
  reference: Side,
  view: View,
  given: Values,
  random: Randomness,
): Promise<Action[]> {
  const { model, engine, suffix } = reference;
  const actions = [...view.tasks]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, same]) => taskActions(key, same.length, reference, given, random));
  const rows: Subscription[] = [];
  for (const id of await familyOf(reference)) {
    rows.push(...(await engine.list<Subscription>(`/event-subscription?processInstanceId=${id}`)));
  }
  actions.push(...eventActions(reference, rows, given));
  if (model.hasBareReceiveTasks) actions.push(...(await triggerActions(reference, rows, given)));
  const awaited = new Set(rows.map(({ eventName }) => eventName));
  const strange = model.messages.filter((name) => !awaited.has(name + suffix));
  if (strange.length > 0 && actions.length > 0) {
    const name = random.pick(strange);
    actions.push({
      name: `unawaited message ${name}`,
      weight: 0.3,
      isUnawaited: true,
      on: (side) => correlate(side, name + side.suffix, side.root, given),
    });
  }
  return actions;
}

/** Completes a task of this activity, or throws an error at it. */
function taskActions(
  key: string,
  count: number,
  { model }: Side,
  given: Values,
  random: Randomness,
): Action[] {
  const at = random.below(count);
  const at1 = count > 1 ? ` #${at}` : '';
  const end = (how: string, body: object) => async (side: Side, view: View) => {
    const task = view.tasks.get(key)?.[at];
    if (!task) throw new Error(`${side.engine.name} has no task ${key}${at1}`);
    return endTask(side, task, how, { variables: given, ...body });
  };
  const errorAction = (code: string, weight: number): Action => ({
    name: `error ${code} at ${key}${at1}`,
    weight,
    on: end('bpmnError', { errorCode: code, errorMessage: ERROR_MESSAGE }),
  });
  return [
    { name: `complete ${key}${at1}`, weight: 4, on: end('complete', {}) },
    ...model.errorCodes.map((code) => errorAction(code, 2 / model.errorCodes.length)),
    errorAction('nobody-knows', 0.2),
  ];
}

async function endTask(
  { engine }: Side,
  { id, isUserTask }: OpenTask,
  how: string,
  body: object,
): Promise<Answer> {
  if (isUserTask) return engine.call('POST', `/task/${id}/${how}`, body);
  const lock = { workerId: WORKER, lockDuration: LOCK_MS };
  const locked = await engine.call('POST', `/external-task/${id}/lock`, lock);
  if (!locked.ok) return locked;
  return engine.call('POST', `/external-task/${id}/${how}`, { workerId: WORKER, ...body });
}

/** Sends the messages and signals that are waited for; sets variables where conditions are. */
function eventActions(reference: Side, rows: readonly Subscription[], given: Values): Action[] {
  const actions: Action[] = [];
  const names = new Set<string>();
  for (const { eventType, eventName, processInstanceId } of rows) {
    if (!eventName || !['message', 'signal'].includes(eventType) || names.has(eventName)) continue;
    names.add(eventName);
    const shown = eventName.replace(reference.suffix, '');
    const nameOn = (side: Side): string => (shown === eventName ? shown : shown + side.suffix);
    if (eventType === 'signal') {
      actions.push({
        name: `signal ${shown}`,
        weight: 2,
        on: (side) => side.engine.call('POST', '/signal', { name: nameOn(side), variables: given }),
      });
    } else {
      actions.push({
        name: `message ${shown}`,
        weight: 2,
        async on(side) {
          const target =
            side === reference ? processInstanceId : await receiverOf(side, nameOn(side));
          return correlate(side, nameOn(side), target, given);
        },
      });
    }
  }
  if (rows.some(({ eventType }) => eventType === 'conditional')) {
    actions.push({
      name: 'set variables',
      weight: 2,
      on: ({ engine, root }) =>
        engine.call('POST', `/process-instance/${root}/variables`, { modifications: given }),
    });
  }
  return actions;
}

/** The first of the family that waits for a message, as the reference's first subscription is taken. */
async function receiverOf(side: Side, messageName: string): Promise<string> {
  for (const id of await familyOf(side)) {
    const rows = await side.engine.list<Subscription>(
      `/event-subscription?processInstanceId=${id}`,
    );
    if (rows.some(({ eventName }) => eventName === messageName)) return id;
  }
  return side.root;
}

function correlate(
  { engine }: Side,
  messageName: string,
  processInstanceId: string,
  processVariables: Values,
): Promise<Answer> {
  return engine.call('POST', '/message', { messageName, processInstanceId, processVariables });
}

/** Triggers receive tasks that wait for no message. */
async function triggerActions(
  reference: Side,
  rows: readonly Subscription[],
  given: Values,
): Promise<Action[]> {
  const subscribed = new Set(rows.map(({ activityId }) => activityId));
  const waiting = new Set((await receiveTasks(reference)).map(({ activityId }) => activityId));
  return [...waiting]
    .filter((activityId) => !subscribed.has(activityId))
    .map((activityId) => ({
      name: `trigger ${activityId}`,
      weight: 3,
      async on(side) {
        const found = (await receiveTasks(side)).find((one) => one.activityId === activityId);
        if (!found) return { ok: false, status: 0, body: `nothing to trigger at ${activityId}` };
        const path = `/execution/${found.executionId}/signal`;
        return side.engine.call('POST', path, { variables: given });
      },
    }));
}

interface ActivityNode {
  activityId: string;
  activityType: string;
  executionIds: string[];
  childActivityInstances: ActivityNode[];
}

async function receiveTasks(side: Side): Promise<{ activityId: string; executionId: string }[]> {
  const found: { activityId: string; executionId: string }[] = [];
  const visit = (node: ActivityNode): void => {
    const [executionId] = node.executionIds;
    if (node.activityType === 'receiveTask' && executionId) {
      found.push({ activityId: node.activityId, executionId });
    }
    node.childActivityInstances.forEach(visit);
  };
  for (const id of await familyOf(side)) {
    const path = `/process-instance/${id}/activity-instances`;
    const { ok, body } = await side.engine.call<ActivityNode>('GET', path);
    if (ok) visit(body);
  }
  return found;
}
