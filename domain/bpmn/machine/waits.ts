import type { Handler, TimerDefinition } from '../program/program.ts';
import { dueDate, nextRepeat } from '../program/timers.ts';
import { attempts } from './jobs.ts';
import { closeWait, elementOf, openWait, type Run, StepError } from './run.ts';
import type { Node, Wait } from './state.ts';
import { evaluate, evaluateValue } from './variables.ts';

/** Opens what an activity or scope waits for besides timers. Names are read before its input parameters are set. */
export function openSubscriptions(run: Run, node: Node): void {
  const { handlers } = elementOf(run, node);
  for (const [handler, { definition }] of handlers.entries()) {
    switch (definition.kind) {
      case 'message':
      case 'signal':
        openWait(run, {
          node: node.id,
          kind: definition.kind,
          handler,
          name: String(evaluateValue(run, node, definition.name).value),
        });
        break;
      case 'conditional':
        openWait(run, { node: node.id, kind: 'conditional', handler });
        break;
      default:
    }
  }
}

/** Opens the timers of an activity or scope, with its input parameters set. */
export function openTimers(run: Run, node: Node): void {
  for (const [at, handler] of elementOf(run, node).handlers.entries()) {
    if (handler.definition.kind === 'timer') openTimer(run, node, at, handler, handler.definition);
  }
}

function openTimer(
  run: Run,
  node: Node,
  at: number,
  handler: Handler,
  { timer, expression }: TimerDefinition,
): void {
  const value = evaluate(run, node, expression);
  const { due, repeat } = timerDue(timer, value, run.context.now);
  openWait(run, {
    node: node.id,
    kind: 'timer',
    handler: at,
    due,
    ...attempts(run, node, at),
    // What interrupts, and what is waited for itself, happens once.
    ...(repeat !== null && !handler.interrupting ? { repeat } : {}),
  });
}

function timerDue(
  timer: TimerDefinition['timer'],
  value: ReturnType<typeof evaluate>,
  now: number,
): { due: number; repeat: string | null } {
  try {
    return dueDate(timer, value, now);
  } catch (error) {
    throw new StepError(error instanceof Error ? error.message : String(error));
  }
}

/** After a timer: the next time of its cycle, or nothing more. */
export function renewTimer(run: Run, wait: Wait): void {
  const next =
    wait.repeat === undefined
      ? null
      : nextRepeat(wait.repeat, wait.due ?? run.context.now, run.context.now);
  closeWait(run, wait);
  if (!next) return;
  const { id: _id, repeat: _repeat, ...rest } = wait;
  openWait(run, {
    ...rest,
    due: next.due,
    ...(next.repeat === null ? {} : { repeat: next.repeat }),
  });
}

/** Ends what a scope waits for: it is interrupted. */
export function closeWaits(run: Run, node: Node): void {
  for (const wait of run.waits.values()) if (wait.node === node.id) closeWait(run, wait);
}
