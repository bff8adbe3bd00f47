import { toBoolean } from '../expressions/results.ts';
import type { FlowIndex } from '../program/program.ts';
import { elementOf, flowAt, programOf, type Run, StepError } from './run.ts';
import type { Node } from './state.ts';
import { evaluate } from './variables.ts';

function holds(run: Run, node: Node, index: FlowIndex): boolean {
  const { condition } = flowAt(programOf(run, node), index);
  return condition === null || toBoolean(evaluate(run, node, condition));
}

/**
 * The first flow of an exclusive gateway whose condition holds, or its default flow.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/exclusive-gateway/
 * @throws StepError when there is not one
 */
export function exclusiveFlow(run: Run, node: Node): FlowIndex {
  const element = elementOf(run, node);
  const program = programOf(run, node);
  const isDefault = (index: FlowIndex): boolean =>
    index === element.defaultFlow && flowAt(program, index).condition === null;
  const found = element.outgoing.find((index) => !isDefault(index) && holds(run, node, index));
  return found ?? defaultFlow(run, node) ?? stuck(element.id);
}

/** The flows of an inclusive gateway whose conditions hold, or its default flow. @throws StepError when there is not one */
export function inclusiveFlows(run: Run, node: Node): readonly FlowIndex[] {
  const { outgoing, defaultFlow: otherwise, id } = elementOf(run, node);
  const found = outgoing.filter((index) => index !== otherwise && holds(run, node, index));
  return found.length > 0 ? found : [defaultFlow(run, node) ?? stuck(id)];
}

/**
 * The flows by which any other element is left: all whose conditions hold, or its default flow.
 *
 * @returns none when no flow leaves it
 * @throws StepError when flows leave it and no condition holds
 */
export function outgoingFlows(run: Run, node: Node): readonly FlowIndex[] {
  const { outgoing, defaultFlow: otherwise, id } = elementOf(run, node);
  const found = outgoing.filter((index) => index !== otherwise && holds(run, node, index));
  if (found.length > 0) return found;
  const flow = defaultFlow(run, node);
  if (flow !== null) return [flow];
  if (outgoing.length === 0) return [];
  throw new StepError(
    `ENGINE-02006 No conditional sequence flow leaving the Flow Node '${id}' could be selected for continuing the process.`,
  );
}

function defaultFlow(run: Run, node: Node): FlowIndex | null {
  const { defaultFlow: found, defaultMissing, id } = elementOf(run, node);
  if (defaultMissing)
    throw new StepError(`Default sequence flow of element '${id}' could not be found`);
  return found;
}

function stuck(id: string): never {
  throw new StepError(
    `ENGINE-02004 No outgoing sequence flow for the element with id '${id}' could be selected for continuing the process.`,
  );
}
