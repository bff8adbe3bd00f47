import type { Context, Program } from '../../../domain/bpmn/index.ts';

/** Definitions are programs by their keys; called instances get numbered ids. */
export function contextOf(programs: ReadonlyMap<string, Program>, clock: () => number): Context {
  let ids = 0;
  return {
    get now() {
      return clock();
    },
    newId: () => `called-${++ids}`,
    program: (key) => programs.get(key) as Program,
    find: (key) => (programs.has(key) ? key : null),
  };
}
