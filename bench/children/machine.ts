import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Context,
  type Program,
  type State,
  start,
  step,
  type Values,
} from '../../domain/bpmn/index.ts';
import { readPrograms } from '../../infrastructure/embedded-engine/read-programs.ts';
import { answerCalls } from '../support/child.ts';
import { INPUT, PROCESS_KEY, PROCESSES_DIR, STEPS, work } from '../support/four-steps.ts';

/** Processes between two looks at the clock. */
const BATCH = 100;

let program: Program | undefined;
let ids = 0;

const context: Context = {
  now: 0,
  newId: () => `id-${ids++}`,
  program() {
    if (!program) throw new Error('the model was not read');
    return program;
  },
  find: () => null,
};

const calls = {
  /** Compiles the model of the four-step process. */
  async read(_params: object): Promise<void> {
    const name = `${PROCESS_KEY}.bpmn`;
    const xml = await readFile(join(PROCESSES_DIR, PROCESS_KEY, name), 'utf8');
    [program] = await readPrograms(name, xml);
  },
  /** The machine; `stored`: each state goes through JSON, as when it is stored and read again. */
  machine: ({ seconds, stored }: { seconds: number; stored: boolean }) =>
    measure(seconds, stored ? () => runMachine(throughJson) : () => runMachine((state) => state)),
  /** The same four steps as calls, their variables through JSON. */
  plain: ({ seconds }: { seconds: number }) => measure(seconds, runPlain),
};

/** Blocks this process meanwhile. */
function measure(seconds: number, once: () => void): { perSecond: number } {
  const began = performance.now();
  let count = 0;
  for (;;) {
    for (let at = 0; at < BATCH; at++) once();
    count += BATCH;
    const elapsed = (performance.now() - began) / 1_000;
    if (elapsed >= seconds) return { perSecond: count / elapsed };
  }
}

/** Starts an instance and completes one task after the other, until it has ended. */
function runMachine(kept: (state: State) => State): void {
  const variables = textsOf(INPUT);
  const id = context.newId();
  let { state, effects } = start(context, PROCESS_KEY, { id, businessKey: id, variables });
  let text = INPUT.payload;
  let done = 0;
  while (state.nodes.length > 0) {
    const task = effects.find((effect) => effect.kind === 'task-opened');
    if (!task) throw new Error('the instance waits for no task');
    text = work(text);
    const output = textsOf({ [STEPS[done] ?? '']: text });
    done++;
    ({ state, effects } = step(context, kept(state), {
      kind: 'complete',
      node: task.node,
      variables: output,
    }));
  }
  if (done !== STEPS.length) throw new Error(`the instance ended after ${done} tasks`);
}

function runPlain(): void {
  let variables: Record<string, string> = throughJson(INPUT);
  let text = INPUT.payload;
  for (const name of STEPS) {
    text = work(text);
    variables = throughJson({ ...variables, [name]: text });
  }
}

function textsOf(values: Readonly<Record<string, string>>): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { type: 'String', value }]),
  );
}

function throughJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

export type MachineChild = typeof calls;
answerCalls(calls);
