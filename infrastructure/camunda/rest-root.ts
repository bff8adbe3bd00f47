import { z } from 'zod';
import type { Engine } from '../../domain/engine/index.ts';
import type { CallEngine } from './call-engine.ts';

/** A running instance. */
export const runningAnswer = z.object({
  id: z.string(),
  definitionId: z.string(),
  /** Older releases leave it out. */
  definitionKey: z.string().nullish(),
  businessKey: z.string().nullable(),
});
type Running = z.infer<typeof runningAnswer>;
const definitionAnswer = z.object({ key: z.string() });

/** Finds the instance at the root of a call hierarchy, which is the one that says of itself that it is. */
export function createFindRoot(call: CallEngine): Engine['findRoot'] {
  const keyOf = createDefinitionKeys();

  return async (processInstanceId) => {
    for (let id = processInstanceId; ; ) {
      const root = await find({ processInstanceIds: id, rootProcessInstances: 'true' });
      if (root) {
        return {
          processInstanceId: id,
          businessKey: root.businessKey,
          processKey: await keyOf(call, root),
        };
      }
      const caller = await find({ subProcessInstance: id });
      if (!caller) return null;
      id = caller.id;
    }
  };

  async function find(filter: Record<string, string>): Promise<Running | undefined> {
    const query = new URLSearchParams(filter);
    return (await call(z.array(runningAnswer), 'GET', `/process-instance?${query}`))[0];
  }
}

/** Finds the keys of the definitions that instances run. */
export function createDefinitionKeys() {
  /** By the definition's id; these never change. */
  const keys = new Map<string, string>();

  return async (call: CallEngine, { definitionId, definitionKey }: Running): Promise<string> => {
    const known = definitionKey ?? keys.get(definitionId);
    if (known) return known;
    const path = `/process-definition/${encodeURIComponent(definitionId)}`;
    const { key } = await call(definitionAnswer, 'GET', path);
    keys.set(definitionId, key);
    return key;
  };
}
