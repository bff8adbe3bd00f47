import type { Element, Node, NodeId, Program, State, Wait } from '../../domain/bpmn/index.ts';
import type { Definitions } from './definitions.ts';
import { nodeId } from './public-ids.ts';
import { findNode } from './states.ts';

type Instance = NonNullable<Node['instance']>;

/** What a state says of its nodes, with the programs of its process instances. */
export interface StateView {
  node(id: NodeId): Node | undefined;
  /** The process instance of a node. */
  instance(node: Node): Instance;
  program(node: Node): Program;
  element(node: Node): Element;
  /** The public id of a node: of a process instance its own. */
  executionId(node: Node): string;
  /** The id of the event that is waited for, or of the activity that a job enters or leaves. */
  activityOf(wait: Wait, node: Node): string;
}

export function viewState(rootId: string, state: State, definitions: Definitions): StateView {
  const view: StateView = {
    node: (id) => findNode(state, id),
    instance(node) {
      const info = (node.instance ? node : findNode(state, node.in))?.instance;
      if (!info) throw new Error(`node ${node.id} of ${rootId} belongs to no process instance`);
      return info;
    },
    program: (node) => definitions.program(view.instance(node).definition),
    element: (node) => view.program(node).elements[node.el] as Element,
    executionId: (node) => node.instance?.id ?? nodeId(rootId, node.id),
    activityOf(wait, node) {
      const element = view.element(node);
      const event = element.handlers[wait.handler]?.event;
      return (event === undefined ? element : view.program(node).elements[event])?.id ?? element.id;
    },
  };
  return view;
}
