import type { Block, Boundary, Content, End, EventSub, Trigger, Wait } from './blocks.ts';
import { CODES, ESCALATIONS } from './blocks.ts';
import {
  caught,
  endDefinition,
  expression,
  interrupts,
  multiInstance,
  NOBODY,
  reference,
  signalDefinition,
  throwDefinition,
} from './xml-parts.ts';

const NAMESPACES =
  'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
/** Never due while the driver runs. */
const LONG_TIMER = 'P100D';

interface Path {
  entry: string;
  exit: string;
}

export interface WrittenModel {
  xml: string;
  messages: string[];
}

/** The BPMN file of a process; the ids are numbered in the order of the file. */
export function toBpmn(key: string, content: Content): WrittenModel {
  const { scope, messages, signals } = createWriter();
  const elements = scope(content);
  const roots = [
    ...messages.map((name) => `<bpmn:message id="msg_${name}" name="${name}" />`),
    ...[...signals, NOBODY].map((name) => `<bpmn:signal id="signal_${name}" name="${name}" />`),
    ...CODES.map((one) => `<bpmn:error id="error_${one}" name="${one}" errorCode="${one}" />`),
    ...ESCALATIONS.map((one) => `<bpmn:escalation id="esc_${one}" escalationCode="${one}" />`),
  ];
  const process = `<bpmn:process id="${key}" isExecutable="true" camunda:historyTimeToLive="P1D">`;
  return {
    messages,
    xml: `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions ${NAMESPACES} id="definitions" targetNamespace="parity">
  ${roots.join('\n  ')}
  ${process}
    ${elements.join('\n    ')}
  </bpmn:process>
</bpmn:definitions>
`,
  };
}

function createWriter() {
  let count = 0;
  const messages: string[] = [];
  const signals: string[] = [];
  const newId = (kind: string): string => `${kind}${++count}`;

  function flow(out: string[], from: string, to: string, condition?: string): string {
    const id = newId('flow');
    const inner = condition
      ? `<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${expression(condition)}</bpmn:conditionExpression>`
      : '';
    out.push(
      `<bpmn:sequenceFlow id="${id}" sourceRef="${from}" targetRef="${to}">${inner}</bpmn:sequenceFlow>`,
    );
    return id;
  }

  function eventDefinition(on: Wait): string {
    switch (on) {
      case 'message': {
        const name = newId('M');
        messages.push(name);
        return `<bpmn:messageEventDefinition messageRef="msg_${name}" />`;
      }
      case 'signal': {
        // Each its own: in which order Operaton gives one signal to several is left to chance.
        const name = newId('S');
        signals.push(name);
        return signalDefinition(name);
      }
      case 'timer':
        return `<bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">${LONG_TIMER}</bpmn:timeDuration></bpmn:timerEventDefinition>`;
      default:
        return on satisfies never;
    }
  }

  function triggerDefinition(trigger: Trigger): string {
    switch (trigger.type) {
      case 'error':
        return `<bpmn:errorEventDefinition${reference('error', trigger.code)} />`;
      case 'escalation':
        return `<bpmn:escalationEventDefinition${reference('escalation', trigger.code)} />`;
      default:
        return eventDefinition(trigger.type);
    }
  }

  /** The elements of a process or a sub-process. @param trigger of an event sub-process */
  function scope({ body, end, eventSubs }: Content, trigger?: Trigger): string[] {
    const out: string[] = [];
    const from = newId('start');
    const attributes = trigger ? interrupts(trigger, 'isInterrupting') : '';
    const inner = trigger ? triggerDefinition(trigger) : '';
    out.push(`<bpmn:startEvent id="${from}"${attributes}>${inner}</bpmn:startEvent>`);
    flow(out, follow(out, from, body), writeEnd(out, end));
    for (const one of eventSubs) out.push(eventSub(one));
    return out;
  }

  function eventSub({ trigger, body, end }: EventSub): string {
    const id = newId('eventSub');
    const inner = scope({ body, end, eventSubs: [] }, trigger);
    return `<bpmn:subProcess id="${id}" triggeredByEvent="true">${inner.join('')}</bpmn:subProcess>`;
  }

  function writeEnd(out: string[], end: End): string {
    const id = newId('end');
    out.push(`<bpmn:endEvent id="${id}">${endDefinition(end)}</bpmn:endEvent>`);
    return id;
  }

  /** Writes blocks behind an element; gives the last element. */
  function follow(out: string[], from: string, body: readonly Block[]): string {
    let last = from;
    for (const block of body) {
      const { entry, exit } = write(out, block);
      flow(out, last, entry);
      last = exit;
    }
    return last;
  }

  /** Writes blocks between a gateway and its join; gives the flow that leaves the gateway. */
  function between(
    out: string[],
    from: string,
    body: readonly Block[],
    to: string,
    condition?: string,
  ): string {
    const [first, ...rest] = body;
    if (!first) return flow(out, from, to, condition);
    const { entry, exit } = write(out, first);
    const id = flow(out, from, entry, condition);
    flow(out, follow(out, exit, rest), to);
    return id;
  }

  function write(out: string[], block: Block): Path {
    switch (block.type) {
      case 'task':
        return writeTask(out, block);
      case 'sub':
        return writeSub(out, block);
      case 'receive': {
        const id = newId('receive');
        const name = newId('M');
        messages.push(name);
        out.push(`<bpmn:receiveTask id="${id}" messageRef="msg_${name}" />`);
        return withBoundaries(out, id, block.boundaries);
      }
      case 'wait': {
        const id = newId('wait');
        out.push(caught(id, eventDefinition(block.on)));
        return { entry: id, exit: id };
      }
      case 'throw': {
        const id = newId('throw');
        const inner = throwDefinition(block.what, signals);
        out.push(`<bpmn:intermediateThrowEvent id="${id}">${inner}</bpmn:intermediateThrowEvent>`);
        return { entry: id, exit: id };
      }
      case 'race': {
        const id = newId('race');
        const join = newId('join');
        out.push(`<bpmn:eventBasedGateway id="${id}" />`, `<bpmn:exclusiveGateway id="${join}" />`);
        for (const { on, body } of block.branches) {
          const event = newId('wait');
          out.push(caught(event, eventDefinition(on)));
          flow(out, id, event);
          between(out, event, body, join);
        }
        return { entry: id, exit: join };
      }
      case 'gateway':
        return writeGateway(out, block);
      case 'again': {
        const entry = newId('again');
        const exit = newId('decide');
        out.push(`<bpmn:exclusiveGateway id="${entry}" />`);
        // A task first: a loop without one would never come to rest.
        const task = writeTask(out, { user: false, async: false, loop: null, boundaries: [] });
        flow(out, entry, task.entry);
        between(out, task.exit, block.body, exit);
        flow(out, exit, entry, block.condition);
        const after = newId('join');
        const leave = flow(out, exit, after);
        out.push(
          `<bpmn:exclusiveGateway id="${exit}" default="${leave}" />`,
          `<bpmn:exclusiveGateway id="${after}" />`,
        );
        return { entry, exit: after };
      }
      default:
        return block satisfies never;
    }
  }

  function writeTask(
    out: string[],
    { user, async, loop, boundaries }: Omit<Extract<Block, { type: 'task' }>, 'type'>,
  ): Path {
    const id = newId(user ? 'user' : 'task');
    const kind = user ? 'userTask' : 'serviceTask';
    const attributes =
      (user ? '' : ` camunda:type="external" camunda:topic="${id}"`) +
      (async ? ' camunda:asyncBefore="true"' : '');
    out.push(`<bpmn:${kind} id="${id}"${attributes}>${multiInstance(loop)}</bpmn:${kind}>`);
    return withBoundaries(out, id, boundaries);
  }

  function writeSub(out: string[], block: Extract<Block, { type: 'sub' }>): Path {
    const id = newId('sub');
    const inner = [multiInstance(block.loop), ...scope(block)].join('');
    out.push(`<bpmn:subProcess id="${id}">${inner}</bpmn:subProcess>`);
    return withBoundaries(out, id, block.boundaries);
  }

  function writeGateway(
    out: string[],
    { kind, branches }: Extract<Block, { type: 'gateway' }>,
  ): Path {
    const id = newId(kind);
    const join = newId('join');
    const isConditional = kind !== 'parallel';
    const leaving = branches.map(({ condition, body, end }, at) => {
      // The first leads to the join: what follows can be reached.
      const to = end && at > 0 ? writeEnd(out, end) : join;
      return between(out, id, body, to, isConditional && at > 0 ? condition : undefined);
    });
    const otherwise = isConditional ? ` default="${leaving[0]}"` : '';
    out.push(
      `<bpmn:${kind}Gateway id="${id}"${otherwise} />`,
      `<bpmn:${kind}Gateway id="${join}" />`,
    );
    return { entry: id, exit: join };
  }

  function withBoundaries(out: string[], id: string, boundaries: readonly Boundary[]): Path {
    let exit = id;
    for (const { trigger, body, rejoins } of boundaries) {
      const event = newId('on');
      const cancel = interrupts(trigger, 'cancelActivity');
      out.push(
        `<bpmn:boundaryEvent id="${event}" attachedToRef="${id}"${cancel}>${triggerDefinition(trigger)}</bpmn:boundaryEvent>`,
      );
      const last = follow(out, event, body);
      if (!rejoins) {
        flow(out, last, writeEnd(out, { type: 'none' }));
        continue;
      }
      if (exit === id) {
        exit = newId('join');
        out.push(`<bpmn:exclusiveGateway id="${exit}" />`);
        flow(out, id, exit);
      }
      flow(out, last, exit);
    }
    return { entry: id, exit };
  }

  return { scope, messages, signals };
}
