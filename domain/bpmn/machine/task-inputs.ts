import { askAboutChanges } from './conditions.ts';
import { throwError, throwEscalation } from './errors.ts';
import type { Input } from './inputs.ts';
import { end, leave } from './leave.ts';
import { endTwice, endWithOpenTask } from './open-tasks.ts';
import { elementOf, isAlive, openChildren, parentOf, type Run, StepError } from './run.ts';
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
  if (endsWithOutputs(run, node)) {
    throw new StepError(`ENGINE-13033 Propagation of bpmn error ${code} failed. `);
  }
  // The conditions of scopes around it come before the end.
  askAboutChanges(run, executionOf(run, node).id);
  if (!isAlive(run, node)) return;
  if (!endWithOpenTask(run, node)) end(run, node);
}

/**
 * Seen on Operaton 1.0.3: what the variables of an error mean to conditions is asked before its path ends, except for
 * those of the execution that ends. A user task that is alone in its scope has the execution of that.
 */
function executionOf(run: Run, node: Node): Node {
  const { behavior, isScope } = elementOf(run, node);
  if (behavior.kind !== 'user-task' || isScope) return node;
  const parent = parentOf(run, node);
  return openChildren(run, parent).length === 1 ? parent : node;
}

/**
 * Seen on Operaton 1.0.3: where the whole process instance ends with the activity, its output parameters cannot be set
 * any more. They can when something else runs in it, in a sub-process, and when the activity is left by a job.
 */
function endsWithOutputs(run: Run, node: Node): boolean {
  const { outputs, asyncAfter } = elementOf(run, node);
  const parent = parentOf(run, node);
  const isAlone = parent.instance !== undefined && openChildren(run, parent).length === 1;
  return outputs.length > 0 && !asyncAfter && isAlone;
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
