import type { Element, Flow, FlowIndex, Program } from '../program/program.ts';
import type { Value } from '../values/value.ts';
import type { Effect } from './effects.ts';
import type { Node, NodeId, State, Wait } from './state.ts';

/** How a call activity finds what it calls. */
export type CalledBy =
  | { readonly kind: 'latest' }
  | { readonly kind: 'deployment'; readonly of: string }
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'version-tag'; readonly tag: string };

/** What a step is given from outside: the same gives the same. */
export interface Context {
  /** Milliseconds since the epoch. */
  readonly now: number;
  newId(): string;
  /** The program of a definition. */
  program(definition: string): Program;
  /** The definition with this key; null when there is not one. */
  find(key: string, by: CalledBy): string | null;
  /** The retry cycle of jobs whose activity has none; left out: three attempts at once. */
  readonly retryCycle?: string;
}

/** A step cannot be done: nothing has happened. The message is Camunda's where it has one. */
export class StepError extends Error {
  override readonly name = 'StepError';
}

/** What is to be done next, before anything that was to be done before it. */
export type Operation =
  | { readonly kind: 'enter'; readonly node: NodeId }
  | { readonly kind: 'leave'; readonly node: NodeId };

/** A variable that was set or removed, which conditions have not been asked about yet. */
export interface Change {
  readonly node: NodeId;
  readonly name: string;
  readonly event: 'create' | 'update' | 'delete';
}

/** A step under way. */
export interface Run {
  readonly context: Context;
  readonly nodes: Map<NodeId, Node>;
  readonly children: Map<NodeId, Node[]>;
  readonly waits: Map<number, Wait>;
  readonly effects: Effect[];
  /** The last is done first, so that a branch continues until it waits before the next one begins. */
  readonly agenda: Operation[];
  changes: Change[];
  seq: number;
}

/** Begins a step on a copy of the state. */
export function beginRun(context: Context, { seq, nodes, waits }: State): Run {
  const run: Run = {
    context,
    nodes: new Map(),
    children: new Map(),
    waits: new Map(),
    effects: [],
    agenda: [],
    changes: [],
    seq,
  };
  for (const node of nodes) keep(run, { ...node });
  for (const wait of waits) run.waits.set(wait.id, { ...wait });
  return run;
}

export function stateOf({ seq, nodes, waits }: Run): State {
  return { seq, nodes: [...nodes.values()], waits: [...waits.values()] };
}

function keep(run: Run, node: Node): void {
  run.nodes.set(node.id, node);
  if (node.up !== null) siblings(run, node.up).push(node);
}

function siblings(run: Run, up: NodeId): Node[] {
  const known = run.children.get(up);
  if (known) return known;
  const created: Node[] = [];
  run.children.set(up, created);
  return created;
}

export function nextNumber(run: Run): number {
  run.seq++;
  return run.seq;
}

export function addNode(run: Run, given: Omit<Node, 'id'>): Node {
  const node: Node = { ...given, id: nextNumber(run) };
  keep(run, node);
  return node;
}

/** Takes a node out of the tree; what is in it must be gone before. */
export function dropNode(run: Run, node: Node): void {
  run.nodes.delete(node.id);
  run.children.delete(node.id);
  detach(run, node);
  for (const wait of run.waits.values()) if (wait.node === node.id) closeWait(run, wait);
}

function detach(run: Run, node: Node): void {
  if (node.up === null) return;
  const around = siblings(run, node.up);
  const at = around.indexOf(node);
  if (at >= 0) around.splice(at, 1);
}

export function moveNode(run: Run, node: Node, up: NodeId): void {
  detach(run, node);
  node.up = up;
  siblings(run, up).push(node);
}

export function closeWait(run: Run, { id }: Wait): void {
  if (run.waits.delete(id)) run.effects.push({ kind: 'wait-closed', id });
}

export function openWait(run: Run, given: Omit<Wait, 'id'>): Wait {
  const wait: Wait = { ...given, id: nextNumber(run) };
  run.waits.set(wait.id, wait);
  run.effects.push({ kind: 'wait-opened', wait });
  return wait;
}

export function isAlive(run: Run, node: Node): boolean {
  return run.nodes.get(node.id) === node;
}

export function nodeAt(run: Run, id: NodeId): Node {
  const node = run.nodes.get(id);
  if (!node) throw new StepError(`there is no execution ${id}`);
  return node;
}

export function parentOf(run: Run, node: Node): Node {
  if (node.up === null) throw new StepError('a process instance that nothing called has no parent');
  return nodeAt(run, node.up);
}

/** What runs within a node; what is kept for compensation is not part of it. */
export function openChildren(run: Run, node: Node): Node[] {
  return (run.children.get(node.id) ?? []).filter(({ kept }) => !kept);
}

export function keptChildren(run: Run, node: Node): Node[] {
  return (run.children.get(node.id) ?? []).filter(({ kept }) => kept);
}

export function instanceOf(run: Run, node: Node): Node {
  return nodeAt(run, node.in);
}

export function programOf(run: Run, node: Node): Program {
  const { instance } = instanceOf(run, node);
  if (!instance) throw new StepError(`execution ${node.in} is no process instance`);
  return run.context.program(instance.definition);
}

export function elementOf(run: Run, node: Node): Element {
  return programOf(run, node).elements[node.el] as Element;
}

export function flowAt(program: Program, index: FlowIndex): Flow {
  return program.flows[index] as Flow;
}

/** A token on its way to an element, to be entered next. */
export function scheduleEnter(
  run: Run,
  given: Pick<Node, 'up' | 'el' | 'in'> & Partial<Pick<Node, 'flow' | 'passed' | 'vars'>>,
): Node {
  const node = addNode(run, { ...given, pending: 'enter' });
  run.agenda.push({ kind: 'enter', node: node.id });
  return node;
}

export function setOwn(node: Node, name: string, value: Value): void {
  node.vars = { ...node.vars, [name]: value };
}
