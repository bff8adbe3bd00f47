import { setTimeout as sleep } from 'node:timers/promises';
import { Inconclusive, type ParityEngine } from './engine.ts';
import type { ParityModel } from './model.ts';
import { type OpenTask, orderTasks, type TaskRow } from './task-order.ts';
import { type Values, write } from './values.ts';

/** Timers due later than this are not waited for. */
const HORIZON_MS = 4_400;
const SETTLE_TIMEOUT_MS = 20_000;
const MAX_FAMILY = 50;

/** One instance of a model on one engine. */
export interface Side {
  readonly engine: ParityEngine;
  readonly model: ParityModel;
  readonly suffix: string;
  /** The instance; empty before it is started. */
  root: string;
}

/** What can be seen of an instance from outside. */
export interface View {
  state: string;
  /** The open tasks, one entry each, in the order of the alphabet. */
  open: string[];
  /** The same by `topic@activity`, the tasks of one activity in an order that is the same on every engine. */
  tasks: Map<string, OpenTask[]>;
  /** Null while the instance ended between two calls. */
  variables: Record<string, string> | null;
  history: string[];
}

/** The instance and those that it called, theirs included. */
export async function familyOf({ engine, model, root }: Side): Promise<string[]> {
  const ids = [root];
  if (!model.hasCallActivities) return ids;
  for (let at = 0; at < ids.length && at < MAX_FAMILY; at++) {
    const path = `/history/process-instance?superProcessInstanceId=${ids[at]}`;
    for (const called of await engine.list<{ id: string }>(path)) ids.push(called.id);
  }
  return ids;
}

interface JobRow {
  retries: number;
  suspended: boolean;
  dueDate: string | null;
}

/** Waits until nothing happens by itself any more; false when that takes too long. */
export async function settle(side: Side): Promise<boolean> {
  const until = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const processInstanceIds = await familyOf(side);
    const { ok, body } = await side.engine.call<JobRow[]>('POST', '/job', { processInstanceIds });
    if (!ok) throw new Inconclusive(`${side.engine.name} does not list its jobs`);
    const soon = Date.now() + HORIZON_MS;
    const isDue = ({ retries, suspended, dueDate }: JobRow): boolean =>
      retries > 0 && !suspended && (!dueDate || Date.parse(dueDate) <= soon);
    const due = body.filter(isDue);
    if (due.length === 0) return true;
    if (Date.now() > until) return false;
    await sleep(due.every(({ dueDate }) => dueDate) ? 100 : 15);
  }
}

export async function viewOf(side: Side): Promise<View> {
  const { engine, root } = side;
  const row = await engine.call<{ state: string }>('GET', `/history/process-instance/${root}`);
  if (!row.ok) throw new Inconclusive(`${engine.name} does not know the instance`);
  const { state } = row.body;
  const tasks = await openTasks(side);
  const open = [...tasks].flatMap(([key, same]) => same.map(() => key)).sort();
  const [variables, history] = await Promise.all([
    state === 'ACTIVE' ? liveVariables(side) : lastVariables(side),
    activityHistory(side),
  ]);
  return { state, open, tasks, variables, history };
}

async function openTasks(side: Side): Promise<Map<string, OpenTask[]>> {
  const { engine, model } = side;
  const tasks = new Map<string, OpenTask[]>();
  const add = (key: string, task: OpenTask): void =>
    void tasks.set(key, [...(tasks.get(key) ?? []), task]);
  type External = TaskRow & { topicName: string; activityId: string };
  type User = TaskRow & { taskDefinitionKey: string };
  for (const id of await familyOf(side)) {
    for (const task of await engine.list<External>(`/external-task?processInstanceId=${id}`)) {
      add(`${task.topicName}@${task.activityId}`, { ...task, isUserTask: false });
    }
    if (!model.hasUserTasks) continue;
    for (const task of await engine.list<User>(`/task?processInstanceId=${id}`)) {
      add(`user@${task.taskDefinitionKey}`, { ...task, isUserTask: true });
    }
  }
  for (const [key, same] of tasks) {
    if (same.length > 1) tasks.set(key, await orderTasks(engine, same));
  }
  return tasks;
}

async function liveVariables({ engine, root }: Side): Promise<Record<string, string> | null> {
  const path = `/process-instance/${root}/variables?deserializeValues=false`;
  const { ok, body } = await engine.call<Values>('GET', path);
  return ok ? written(body) : null;
}

interface VariableRow {
  name: string;
  type: string;
  value: unknown;
  activityInstanceId: string;
  state: string;
}

async function lastVariables({ engine, root }: Side): Promise<Record<string, string>> {
  const path = `/history/variable-instance?processInstanceId=${root}&deserializeValues=false`;
  const rows = await engine.list<VariableRow>(path);
  const own = rows.filter((one) => one.activityInstanceId === root && one.state !== 'DELETED');
  return written(Object.fromEntries(own.map((one) => [one.name, one])));
}

const written = (values: Values): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, write(name, value)]));

interface ActivityRow {
  activityId: string;
  canceled: boolean;
  endTime: string | null;
}

async function activityHistory({ engine, root }: Side): Promise<string[]> {
  const path = `/history/activity-instance?processInstanceId=${root}`;
  const rows = await engine.list<ActivityRow>(path);
  return rows
    .map(({ activityId, canceled, endTime }) => {
      return `${activityId}${canceled ? ' cancelled' : ''}${endTime ? '' : ' open'}`;
    })
    .sort();
}
