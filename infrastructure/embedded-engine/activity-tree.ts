import type { Node, State } from '../../domain/bpmn/index.ts';
import type { ActivityInstance, TransitionInstance } from './engine-api.ts';
import type { StateView } from './state-view.ts';

interface TreeOptions {
  state: State;
  view: StateView;
  /** Incidents by the id of their execution. */
  incidents: ReadonlyMap<string, readonly string[]>;
}

/** What is open in a process instance, as Camunda shows it: activities in their scopes. */
export function activityTree(instance: Node, options: TreeOptions): ActivityInstance {
  const { state, view, incidents } = options;
  const children = new Map<number, Node[]>();
  for (const node of state.nodes) {
    if (node.up === null || node.kept || node.in !== instance.id) continue;
    const siblings = children.get(node.up);
    if (siblings) siblings.push(node);
    else children.set(node.up, [node]);
  }
  const { id: processInstanceId, definition: definitionId } = view.instance(instance);

  function activity(node: Node, parent: string | null): ActivityInstance {
    const id = view.executionId(node);
    const element = view.element(node);
    const inner = (children.get(node.id) ?? []).filter((child) => child.id !== node.id);
    return {
      id,
      parentActivityInstanceId: parent,
      activityId: node.instance ? definitionId : element.id,
      activityName: element.name,
      activityType: element.type,
      processInstanceId,
      definitionId,
      executionIds: [id],
      incidentIds: incidents.get(id) ?? [],
      children: inner.filter(({ pending }) => !pending).map((child) => activity(child, id)),
      transitions: inner.filter(({ pending }) => pending).map((child) => transition(child, id)),
    };
  }

  function transition(node: Node, parent: string): TransitionInstance {
    const element = view.element(node);
    return {
      id: view.executionId(node),
      parentActivityInstanceId: parent,
      activityId: element.id,
      activityName: element.name,
      activityType: element.type,
      processInstanceId,
      definitionId,
      executionId: view.executionId(node),
    };
  }

  return activity(instance, null);
}
