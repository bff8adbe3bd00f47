/** An activity that an instance is in, and what is inside of it; the instance itself is the outermost. */
export interface ActivityTree {
  activityType: string;
  children: readonly ActivityTree[];
  /** Tokens that wait for a job before or behind an activity. */
  transitions: readonly unknown[];
}

const JOINS = new Set(['parallelGateway', 'inclusiveGateway']);

/** True when every token waits at a joining gateway. */
export function waitsAtJoins(instance: ActivityTree): boolean {
  return instance.children.length > 0 && isAtJoins(instance);
}

function isAtJoins({ activityType, children, transitions }: ActivityTree): boolean {
  if (transitions.length > 0) return false;
  if (children.length === 0) return JOINS.has(activityType);
  return children.every(isAtJoins);
}
