import { throwError, throwEscalation } from './errors.ts';
import type { Input } from './inputs.ts';
import { end, leave } from './leave.ts';
import { endTwice, endWithOpenTask } from './open-tasks.ts';
import { elementOf, type Run, StepError } from './run.ts';
import type { Node } from './state.ts';
import { scopeAt, setLocals, setVariables } from './variables.ts';

/** What happens to an activity from outside. */
export type NodeInput = Extract<
  Input,
  { kind: 'complete' | 'failed' | 'trigger' | 'error' | 'escalation' }
>;

export function takeAtNode(run: Run, node: Node, input: NodeInput): void {
  setVariables(run, node, input.variables);
  if ('locals' in input) setLocals(run, node, input.locals);
  switch (input.kind) {
    case 'complete':
      if (node.ended) endTwice(run, node);
      else if (!throwOwnError(run, node, input)) leave(run, node);
      return;
    case 'failed':
      throwOwnError(run, node, input);
      return;
    case 'trigger':
      trigger(run, node);
      return;
    case 'error':
      throwOrEnd(run, node, input.code, input.message);
      return;
    case 'escalation':
      escalate(run, node, input.code);
      return;
  }
}

/** An error that nothing catches ends the path of its activity, as in Camunda. */
function throwOrEnd(run: Run, node: Node, code: string, message: string | null): void {
  if (throwError(run, node, code, message)) return;
  // Seen on Operaton 1.0.3: there the output parameters of an activity cannot be set any more.
  if (elementOf(run, node).outputs.length > 0) {
    throw new StepError(`ENGINE-13033 Propagation of bpmn error ${code} failed. `);
  }
  if (!endWithOpenTask(run, node)) end(run, node);
}

const TRIGGERED = new Set(['wait', 'external-task', 'user-task']);

function trigger(run: Run, node: Node): void {
  const { id, behavior } = elementOf(run, node);
  if (!TRIGGERED.has(behavior.kind))
    throw new StepError(`ENGINE-02010 The activity with id '${id}' doesn't accept signals.`);
  leave(run, node);
}

/** @throws StepError when nothing catches it: only a throw event may escalate to nobody */
function escalate(run: Run, node: Node, code: string): void {
  if (throwEscalation(run, node, code).caught) return;
  throw new StepError(
    `ENGINE-02043 Execution with id '${elementOf(run, node).id}' throws an escalation event with escalationCode '${code}', but no escalation handler was defined. `,
  );
}

/** The errors that an external task throws by itself (`camunda:errorEventDefinition`). */
function throwOwnError(
  run: Run,
  node: Node,
  input: NodeInput & { kind: 'complete' | 'failed' },
): boolean {
  const { behavior } = elementOf(run, node);
  if (behavior.kind !== 'external-task' || behavior.errors.length === 0) return false;
  const scope = {
    ...scopeAt(run, node),
    ...(input.externalTask ? { externalTask: input.externalTask } : {}),
  };
  for (const { condition, code } of behavior.errors) {
    try {
      const met = condition.evaluate(scope);
      if ('items' in met || met.type !== 'Boolean' || met.value !== true) continue;
    } catch (error) {
      // After a failure Camunda passes over what cannot be evaluated.
      if (input.kind === 'failed') continue;
      throw error;
    }
    const message = String(input.externalTask?.errorMessage?.value ?? '') || null;
    throwOrEnd(run, node, code, message);
    return true;
  }
  return false;
}
