import { z } from 'zod';
import type { Placement } from '../../domain/bpmn/index.ts';

/*
 * Where an instance of the engine before this one stands. Its state is that of bpmn-elements 17: a tree of the process
 * and the sub-processes in it, with all their elements. One that runs has a status; a token that has come to an element
 * that does not take it yet (a join, or an activity that has another token) lies in its inbound queue.
 */

const messages = z.array(
  z.object({
    fields: z.object({ routingKey: z.string().optional() }),
    content: z.object({ expireAt: z.string().optional() }).optional(),
    properties: z.object({ timestamp: z.number().optional() }).optional(),
  }),
);
const element = z.object({
  id: z.string(),
  type: z.string(),
  status: z.string().optional(),
  broker: z
    .object({ queues: z.array(z.object({ name: z.string(), messages })).optional() })
    .optional(),
  execution: z
    .object({
      get children() {
        return z.array(element).optional();
      },
    })
    .optional(),
});
type ElementState = z.infer<typeof element>;

const definitions = z.object({ execution: z.object({ processes: z.array(element) }) });

const WAITING =
  /^bpmn:(ServiceTask|SendTask|BusinessRuleTask|ReceiveTask|IntermediateCatchEvent|EventBasedGateway)$/;

/** @throws Error when the instance stands where that engine never left one, or the text is no state of it */
export function readOldExecution(text: string, processKey: string): Placement {
  const { processes } = definitions.parse(JSON.parse(text)).execution;
  const process = processes.find(({ id }) => id === processKey);
  if (!process?.status) throw new Error(`its state has no running process "${processKey}"`);
  const found = { waiting: [], arriving: [], since: new Map(), timers: new Map() };
  readChildren(process, found);
  return found;
}

interface Found {
  waiting: string[];
  arriving: string[];
  since: Map<string, number>;
  timers: Map<string, number>;
}

function readChildren({ execution }: ElementState, found: Found): void {
  for (const child of execution?.children ?? []) {
    const { id, type, status } = child;
    if (status !== undefined) readRunning(child, found);
    if (type === 'bpmn:BoundaryEvent') continue;
    for (const { fields } of queue(child, 'inbound-q')) {
      if (fields.routingKey === 'flow.take') found.arriving.push(id);
    }
  }
}

function readRunning(running: ElementState, found: Found): void {
  const { id, type, status } = running;
  const due = queue(running, 'execute-q').findLast(
    ({ fields }) => fields.routingKey === 'execute.timer',
  )?.content?.expireAt;
  if (due !== undefined) found.timers.set(id, Date.parse(due));
  // It runs as long as what it is attached to.
  if (type === 'bpmn:BoundaryEvent') return;
  const since = queue(running, 'run-q').at(0)?.properties?.timestamp;
  if (since !== undefined) found.since.set(id, since);
  if (type === 'bpmn:SubProcess') readChildren(running, found);
  else if (WAITING.test(type) && status === 'executing') found.waiting.push(id);
  else throw new Error(`it stands at "${id}" (${type}, ${status}), which waits for nothing`);
}

function queue({ broker }: ElementState, name: string): z.infer<typeof messages> {
  return broker?.queues?.find((one) => one.name === name)?.messages ?? [];
}
