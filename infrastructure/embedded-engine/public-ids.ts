import type { NodeRef } from './store/wait-rows.ts';

/** Ids sort in the order in which their executions came. */
const ID_DIGITS = 6;

/** The id of an execution that is no process instance, of its task and of its activity instance. */
export function nodeId(rootId: string, node: number): string {
  return `${rootId}:${String(node).padStart(ID_DIGITS, '0')}`;
}

/** @returns undefined when it is not the id of a node */
export function readNodeId(id: string): NodeRef | undefined {
  return readNumbered(id, ':');
}

export function jobId(owner: string, number: number): string {
  return `${owner}:job-${number}`;
}

/** Of a root's job, or a definition's start timer: `rootId` is the definition's id then. */
export function readJobId(id: string): NodeRef | undefined {
  return readNumbered(id, ':job-');
}

export function subscriptionId(owner: string, number: number): string {
  return `${owner}:event-${number}`;
}

function readNumbered(id: string, separator: string): NodeRef | undefined {
  const at = id.lastIndexOf(separator);
  const digits = id.slice(at + separator.length);
  if (at <= 0 || !/^\d{1,15}$/.test(digits)) return undefined;
  return { rootId: id.slice(0, at), node: Number(digits) };
}
