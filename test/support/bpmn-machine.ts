import { deepStrictEqual, fail } from 'node:assert';
import {
  type Context,
  type Effect,
  type FailingJob,
  failJob,
  type Input,
  localVariables,
  type NextAttempt,
  type Node,
  type Program,
  type State,
  type Step,
  start,
  step,
  visibleVariables,
  type Wait,
} from '../../domain/bpmn/index.ts';
import { programsOf } from './bpmn/compile-model.ts';
import { contextOf } from './bpmn/machine-context.ts';
import { bpmnFile } from './bpmn/model.ts';
import { openTasksOf } from './bpmn/open-tasks.ts';
import { given, type Plain, plainOf, valuesOf } from './bpmn/plain-values.ts';

/*
 * Runs a BPMN model in the pure machine. A test writes the elements of its process in the notation of `bpmn/model.ts`,
 * gives inputs by the ids of activities, and looks at what is open and what has ended. After every input the state is
 * written as JSON and read back, so each test shows too that a state is plain JSON, and that a step leaves the one that it
 * was given as it was.
 */

/** When the clock of a machine begins. */
export const START_TIME = Date.parse('2026-11-30T10:00:00Z');

/** A machine for a process with these elements. */
export async function machineFor(...elements: string[]): Promise<Machine> {
  return machineForFile(bpmnFile({ process: elements }));
}

/** A machine for the first process of a file, which can call the others. */
export async function machineForFile(xml: string): Promise<Machine> {
  return new Machine(await programsOf(xml));
}

export class Machine {
  now = START_TIME;
  state: State = { seq: 0, nodes: [], waits: [] };
  /** Those of the last input. */
  effects: readonly Effect[] = [];
  /** All effects since the start. */
  readonly past: Effect[] = [];
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #context: Context;

  constructor(programs: readonly Program[]) {
    this.#programs = new Map(programs.map((program) => [program.key, program]));
    this.#context = contextOf(this.#programs, () => this.now);
  }

  start(variables: Plain = {}, options: { businessKey?: string; startEvent?: string } = {}): this {
    const [program] = this.#programs.values() as Iterable<Program>;
    const { startEvent } = options;
    return this.#take(
      start(this.#context, (program as Program).key, {
        id: 'instance',
        businessKey: options.businessKey ?? null,
        variables: valuesOf(variables),
        ...(startEvent ? { startEvent: (program as Program).byId.get(startEvent) as number } : {}),
      }),
    );
  }

  /** An external or user task is done. */
  complete(activity: string, variables: Plain = {}, locals: Plain = {}): this {
    return this.#input({
      kind: 'complete',
      node: this.#task(activity),
      ...given({ variables, locals }),
    });
  }

  /** An attempt at an external task has failed. */
  fail(activity: string, errorMessage: string): this {
    const externalTask = valuesOf({ errorMessage });
    return this.#input({ kind: 'failed', node: this.#task(activity), externalTask });
  }

  throwError(activity: string, code: string, message: string | null = null, variables: Plain = {}) {
    const node = this.#task(activity);
    return this.#input({ kind: 'error', node, code, message, variables: valuesOf(variables) });
  }

  throwEscalation(activity: string, code: string, variables: Plain = {}): this {
    const node = this.#task(activity);
    return this.#input({ kind: 'escalation', node, code, variables: valuesOf(variables) });
  }

  /** An activity that waits without an event continues. */
  trigger(activity: string, variables: Plain = {}): this {
    return this.#input({ kind: 'trigger', node: this.node(activity).id, ...given({ variables }) });
  }

  /** A message reaches the first that waits for it. */
  message(name: string, variables: Plain = {}, locals: Plain = {}): this {
    const wait = this.#waitFor((one) => one.kind === 'message' && one.name === name);
    return this.#input({ kind: 'wait', id: wait.id, ...given({ variables, locals }) });
  }

  signal(
    name: string,
    variables: Plain = {},
    to: Pick<Input & { kind: 'signal' }, 'waits' | 'byJob'> = {},
  ): this {
    return this.#input({ kind: 'signal', name, variables: valuesOf(variables), ...to });
  }

  /** The timer of an event fires now. */
  timer(event: string): this {
    const wait = this.#waitFor((one) => one.kind === 'timer' && this.#eventOf(one) === event);
    return this.#input({ kind: 'wait', id: wait.id });
  }

  /** Lets time pass; timers fire when they are due. */
  advance(milliseconds: number): this {
    const until = this.now + milliseconds;
    for (let fired = 0; ; fired++) {
      if (fired > 1000) fail('a timer fires without end');
      const [next] = this.state.waits
        .filter(({ kind, due = Number.POSITIVE_INFINITY }) => kind === 'timer' && due <= until)
        .sort((a, b) => (a.due ?? 0) - (b.due ?? 0));
      if (!next) break;
      this.now = Math.max(this.now, next.due ?? 0);
      this.#input({ kind: 'wait', id: next.id });
    }
    this.now = until;
    return this;
  }

  /** Runs the job of an activity; without an activity all jobs, until there are not any. */
  runJobs(activity?: string): this {
    const isWanted = (wait: Wait) =>
      wait.kind === 'job' && (!activity || this.#eventOf(wait) === activity);
    for (;;) {
      const job = this.state.waits.find(isWanted);
      if (!job) return this;
      this.#input({ kind: 'wait', id: job.id });
      if (activity) return this;
    }
  }

  /** The job of an activity, or the timer of an event, has failed. */
  failJob(event: string, job: Partial<FailingJob> = {}): NextAttempt {
    const wait = this.#waitFor(
      (one) => (one.kind === 'job' || one.kind === 'timer') && this.#eventOf(one) === event,
    );
    const before = { retries: wait.retries ?? 3, isFirst: true, ...job };
    const { step: next, ...attempt } = failJob(this.#context, this.state, wait.id, before);
    if (next) this.#take(next);
    return attempt;
  }

  /** Sets variables as seen from an activity, or in the process instance. */
  setVariables(variables: Plain, at?: { activity?: string; local?: boolean }): this {
    const node = at?.activity ? this.node(at.activity).id : this.#root();
    const local = at?.local ?? false;
    return this.#input({ kind: 'set-variables', node, variables: valuesOf(variables), local });
  }

  removeVariable(name: string): this {
    return this.#input({
      kind: 'set-variables',
      node: this.#root(),
      removed: [name],
      local: false,
    });
  }

  cancel(): this {
    return this.#input({ kind: 'cancel' });
  }

  /** The activities of the open external and user tasks, in the order in which they were opened. */
  get tasks(): string[] {
    return openTasksOf(this.past).map((id) => this.#activityOf(this.#nodeAt(id)));
  }

  /** What is awaited: `message paid`, `timer <event>`, `job <activity>`, … */
  get waits(): string[] {
    return this.state.waits.map((wait) => `${wait.kind} ${wait.name ?? this.#eventOf(wait)}`);
  }

  /** Open instances of activities, without the process; `(kept)` for one that has ended and can be compensated. */
  get open(): string[] {
    return this.state.nodes
      .filter(({ instance }) => !instance)
      .map((node) => `${this.#activityOf(node)}${node.kept ? ' (kept)' : ''}`);
  }

  /** Activities that have ended, in order: `charge`, or `charge (cancelled)`. */
  get history(): string[] {
    return this.past.flatMap((effect) =>
      effect.kind === 'activity-ended'
        ? [`${effect.activity}${effect.cancelled ? ' (cancelled)' : ''}`]
        : [],
    );
  }

  /** Those of the process instance; of one that has ended those it had. */
  get variables(): Plain {
    const ended = this.past.find(
      (effect) => effect.kind === 'instance-ended' && effect.id === 'instance',
    );
    return plainOf(
      ended?.kind === 'instance-ended' ? ended.variables : localVariables(this.state, this.#root()),
    );
  }

  /** What an activity sees, or, with `local`, has itself. */
  variablesAt(activity: string, { local = false, nth = 0 } = {}): Plain {
    const { id } = this.node(activity, nth);
    return plainOf(local ? localVariables(this.state, id) : visibleVariables(this.state, id));
  }

  /** How the process instance has ended; null: it has not. */
  get ended(): 'completed' | 'cancelled' | null {
    const effect = this.past.find((one) => one.kind === 'instance-ended' && one.id === 'instance');
    return effect?.kind === 'instance-ended' ? effect.how : null;
  }

  /** Effects of a kind among those of the last input. */
  effectsOf<K extends Effect['kind']>(kind: K): (Effect & { kind: K })[] {
    return this.effects.filter((effect): effect is Effect & { kind: K } => effect.kind === kind);
  }

  node(activity: string, nth = 0): Node {
    const found = this.state.nodes.filter(
      (node) => !node.kept && this.#activityOf(node) === activity,
    );
    return found[nth] ?? fail(`activity ${activity} is not open, but ${this.open.join(', ')}`);
  }

  #input(input: Input): this {
    const { state } = this;
    const before = JSON.stringify(state);
    try {
      return this.#take(step(this.#context, state, input));
    } finally {
      deepStrictEqual(JSON.stringify(state), before, 'the step changed the state it was given');
    }
  }

  #take({ state, effects }: Step): this {
    const read = JSON.parse(JSON.stringify({ state, effects })) as Step;
    deepStrictEqual(read, { state, effects }, 'the step is not plain JSON');
    this.state = read.state;
    this.effects = read.effects;
    this.past.push(...read.effects);
    return this;
  }

  /** The first open task of an activity. */
  #task(activity: string): number {
    const found = openTasksOf(this.past).find(
      (id) => this.#activityOf(this.#nodeAt(id)) === activity,
    );
    return found ?? fail(`there is no task ${activity}, but ${this.tasks.join(', ')}`);
  }

  #waitFor(isWanted: (wait: Wait) => boolean): Wait {
    return (
      this.state.waits.find(isWanted) ??
      fail(`nobody waits for that, but for ${this.waits.join(', ')}`)
    );
  }

  /** The event, or the activity of a job, that something is awaited for. */
  #eventOf({ node: id, handler }: Wait): string {
    const node = this.#nodeAt(id);
    const event = this.#programOf(node).elements[node.el]?.handlers[handler]?.event ?? node.el;
    return this.#programOf(node).elements[event]?.id ?? '';
  }

  #activityOf(node: Node): string {
    return this.#programOf(node).elements[node.el]?.id ?? '';
  }

  #programOf(node: Node): Program {
    return this.#context.program(this.#nodeAt(node.in).instance?.definition ?? '');
  }

  #nodeAt(id: number): Node {
    return this.state.nodes.find((node) => node.id === id) ?? fail(`there is no node ${id}`);
  }

  #root(): number {
    return this.state.nodes[0]?.id ?? fail('the instance has ended');
  }
}
