import type { ElementIndex } from '../program/program.ts';
import { type Draft, draftAt, optionalExpression, type ProcessDraft } from './draft.ts';
import { bodyOf, kindOf, list, type Moddle, one, refuse, text } from './moddle.ts';

/** Adds the sequence flows of a process or sub-process, in the order of the file. */
export function addFlows(process: ProcessDraft, scope: Moddle): void {
  const inScope = new Set(list(scope.flowElements));
  for (const flow of list(scope.flowElements)) {
    if (kindOf(flow) === 'SequenceFlow') addFlow(process, inScope, flow);
  }
  for (const element of inScope) setDefault(process, element);
}

function addFlow(process: ProcessDraft, inScope: ReadonlySet<Moddle>, flow: Moddle): void {
  const source = endOf(process, inScope, flow, 'sourceRef');
  const target = linkedTarget(process, flow) ?? endOf(process, inScope, flow, 'targetRef');
  for (const end of [source, target]) refuseEnd(process, flow, end);
  if (source.behavior.kind === 'event-based') return;
  if (target.behavior.kind === 'caught') {
    throw refuse(flow, `leads to "${target.id}", which only its event-based gateway may lead to`);
  }
  const condition = one(flow.conditionExpression);
  if (condition?.language) {
    throw refuse(flow, 'has a condition in a script language, which is not run; use an expression');
  }
  source.outgoing.push(process.flows.length);
  target.incoming++;
  process.flows.push({
    id: flow.id ?? null,
    source: source.index,
    target: target.index,
    condition: optionalExpression(flow, bodyOf(flow, 'conditionExpression')),
  });
}

function refuseEnd(process: ProcessDraft, flow: Moddle, end: Draft): void {
  const { behavior } = end;
  const inner = behavior.kind === 'multi-instance' ? draftAt(process, behavior.loop.inner) : end;
  if (inner.isCompensation) {
    throw refuse(
      flow,
      `begins or ends at "${inner.id}", which undoes another activity: no flow may`,
    );
  }
  if (behavior.kind === 'sub-process' && behavior.byEvent) {
    throw refuse(flow, `begins or ends at "${end.id}", an event sub-process: no flow may`);
  }
}

function endOf(
  process: ProcessDraft,
  inScope: ReadonlySet<Moddle>,
  flow: Moddle,
  property: 'sourceRef' | 'targetRef',
): Draft {
  const element = one(flow[property]);
  const index = element && inScope.has(element) ? process.flowEnd.get(element) : undefined;
  if (index === undefined) {
    throw refuse(flow, `has a ${property} that is no activity of the same process or sub-process`);
  }
  return draftAt(process, index);
}

/** A flow to a throwing link event leads to the catching one. */
function linkedTarget(process: ProcessDraft, flow: Moddle): Draft | null {
  const target = one(flow.targetRef);
  const name = target ? process.linkSources.get(target) : undefined;
  if (name === undefined) return null;
  const index = process.linkTargets.get(name);
  if (index === undefined)
    throw refuse(flow, `leads to the link "${name}", which no event catches`);
  return draftAt(process, index);
}

function setDefault(process: ProcessDraft, element: Moddle): void {
  const end = process.flowEnd.get(element);
  if (end === undefined) return;
  const draft = draftAt(process, end);
  const attribute =
    one(element.default)?.id ?? text(element, 'default') ?? missing(process, element);
  if (!attribute) return;
  const flow = draft.outgoing.find((index) => process.flows[index]?.id === attribute);
  draft.defaultFlow = flow ?? null;
  draft.defaultMissing = flow === undefined;
}

function missing(process: ProcessDraft, element: Moddle): string | undefined {
  return process.unresolved.get(element)?.default;
}

/**
 * What Camunda checks of exclusive gateways, and of flows that a job takes.
 *
 * @see https://docs.camunda.org/manual/7.24/reference/bpmn20/gateways/exclusive-gateway/
 */
export function checkFlows(process: ProcessDraft, element: Moddle, end: ElementIndex): void {
  const { behavior, asyncAfter, outgoing, defaultFlow } = draftAt(process, end);
  const flows = outgoing.map((index) => process.flows[index]);
  if (asyncAfter && flows.some((flow) => flow?.id === null)) {
    throw refuse(element, 'is left asynchronously by a flow without an id; give the flow one');
  }
  if (behavior.kind !== 'exclusive') return;
  if (flows.length === 0) throw refuse(element, 'has no outgoing flow; give it one');
  if (flows.length === 1) {
    if (!flows[0]?.condition) return;
    throw refuse(element, `has one outgoing flow "${flows[0].id}", which must have no condition`);
  }
  if (defaultFlow !== null && process.flows[defaultFlow]?.condition) {
    throw refuse(
      element,
      `has the default flow "${process.flows[defaultFlow]?.id}", which must have no condition`,
    );
  }
  const always = outgoing.filter(
    (index) => index !== defaultFlow && !process.flows[index]?.condition,
  );
  const hasDefault = defaultFlow !== null || draftAt(process, end).defaultMissing;
  if (always.length > (hasDefault ? 0 : 1)) {
    const id = process.flows[always[0] as number]?.id;
    throw refuse(
      element,
      `has the flow "${id}" without a condition, which is not its default flow`,
    );
  }
}
