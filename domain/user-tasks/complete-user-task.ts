import { EngineUnavailableError, type JsonObject } from '../common/index.ts';
import {
  type Engine,
  type EngineUserTask,
  isUserTaskCompleted,
  reportUserTask,
  type UserTaskCompleted,
} from '../engine/index.ts';
import {
  type Audit,
  decide,
  type EventStore,
  type FoundProcess,
  handleCommand,
  hashJson,
  isEnded,
  taskKeyPrefix,
} from '../process/index.ts';
import {
  findUserTaskDefinition,
  nameOfUserTask,
  type ProcessDefinition,
  readVariables,
} from '../steps/index.ts';
import type { createProcessOfTask } from './process-of-task.ts';

export interface Completion {
  id: string;
  variables: JsonObject;
  /** Who completes it. */
  actor: string;
  audit: Audit;
}

export type CompletionAnswer =
  /** The engine has it. */
  | { kind: 'completed'; correlationId: string }
  /** The journal has it, and the engine gets it when it answers. */
  | { kind: 'recorded'; correlationId: string; reason: EngineUnavailableError }
  /** The journal has it, but the engine had cancelled the task: it has no effect. */
  | { kind: 'cancelled'; correlationId: string }
  /** The journal has it, and the engine cannot continue from there: the process has failed. */
  | { kind: 'refused'; correlationId: string; reason: string }
  | { kind: 'invalid'; correlationId: string; errors: { path: string; message: string }[] }
  /** Somebody else has completed it, or the same caller with other variables. */
  | { kind: 'taken'; correlationId: string }
  | { kind: 'ended'; correlationId: string }
  /** No open task of a process of ours. */
  | { kind: 'unknown' };

interface CompletionPorts {
  engine: Pick<Engine, 'findUserTask' | 'completeUserTask' | 'isUserTaskCancelled'>;
  eventStore: EventStore;
  processOf: ReturnType<typeof createProcessOfTask>;
  definitions: readonly ProcessDefinition[];
}

/** How a task is defined; by default it takes any variables. */
interface Rules {
  definition: ProcessDefinition | undefined;
  step: { name: string; number: number };
  successText: string;
  read: (variables: JsonObject) => ReturnType<typeof readVariables>;
}

/**
 * Completes a user task, journal first (G2): the completion is an event of its process before the engine gets it. The
 * same completion again, because the service died or the answer was lost, finds that event and reports it again. The
 * job of the event does so as well, for a caller who does not come back.
 *
 * @throws EngineUnavailableError, StoreUnavailableError with nothing done
 */
export async function completeTask(
  completion: Completion,
  ports: CompletionPorts,
): Promise<CompletionAnswer> {
  const { engine, processOf, definitions } = ports;
  const known = await findJournaled(completion, ports);
  if (known) return answerKnown(known, completion, ports);
  const task = await engine.findUserTask(completion.id);
  const process = task && (await processOf(task));
  if (!process) {
    // Race: another caller completed it between the two questions.
    const later = await findJournaled(completion, ports);
    return later ? answerKnown(later, completion, ports) : { kind: 'unknown' };
  }
  const { correlationId } = process;
  if (isEnded(process)) return { kind: 'ended', correlationId };
  const rules = rulesOf(task, definitions);
  const given = rules.read(completion.variables);
  if (given.kind === 'invalid') return { ...given, correlationId };
  return journalAndReport(completion, { task, process, rules, given }, ports);
}

async function findJournaled(
  { id }: Completion,
  { eventStore }: CompletionPorts,
): Promise<UserTaskCompleted | undefined> {
  const journal = await eventStore.findByDedupePrefix(taskKeyPrefix(id));
  // The id of an instance of the embedded engine is the beginning of the ids of its tasks.
  return journal.filter(isUserTaskCompleted).find(({ data }) => data.taskId === id);
}

async function journalAndReport(
  completion: Completion,
  found: {
    task: EngineUserTask;
    process: FoundProcess;
    rules: Rules;
    given: Extract<ReturnType<Rules['read']>, { kind: 'valid' }>;
  },
  ports: CompletionPorts,
): Promise<CompletionAnswer> {
  const { id, actor, audit } = completion;
  const { task, process, rules, given } = found;
  const { correlationId, processName } = process;
  const calledProcess = rules.definition?.key ?? task.processKey;
  const data = {
    taskId: id,
    attempt: 1,
    input: {},
    output: given.variables,
    ...(given.dates.length > 0 ? { dates: given.dates } : {}),
    ...(process.processInstanceId === null ? {} : { instanceId: process.processInstanceId }),
    ...(calledProcess === processName ? {} : { calledProcess }),
    userTask: task.activityId,
  };
  const handled = await handleCommand(
    correlationId,
    ({ first, state }) => {
      // It may have ended since it was found.
      if (!first || !state || isEnded(state)) return [];
      const { identity } = first;
      const result = rules.successText;
      const common = { processName, identity, actor, audit: { ...audit, result } };
      return decide({ ...common, type: 'complete-step', step: rules.step, data }, state);
    },
    ports.eventStore,
  );
  switch (handled.kind) {
    case 'nothing':
      return { kind: 'ended', correlationId };
    case 'duplicate':
      return isUserTaskCompleted(handled.event)
        ? answerKnown(handled.event, completion, ports)
        : { kind: 'unknown' };
    case 'appended': {
      const [event] = handled.events;
      if (!event || !isUserTaskCompleted(event)) throw new Error('another event was appended');
      return report(event, ports);
    }
    default:
      return handled satisfies never;
  }
}

/** The journal has a completion: the engine may not. */
async function answerKnown(
  known: UserTaskCompleted,
  completion: Completion,
  ports: CompletionPorts,
): Promise<CompletionAnswer> {
  const { correlationId } = known;
  const reported = await report(known, ports);
  return isSame(known, completion, ports.definitions) ? reported : { kind: 'taken', correlationId };
}

function isSame(
  { actor, data, processName }: UserTaskCompleted,
  completion: Completion,
  definitions: readonly ProcessDefinition[],
): boolean {
  if (actor !== completion.actor) return false;
  const processKey = data.calledProcess ?? processName;
  const rules = rulesOf({ processKey, activityId: data.userTask ?? '' }, definitions);
  const given = rules.read(completion.variables);
  return given.kind === 'valid' && hashJson(given.variables) === hashJson(data.output);
}

async function report(event: UserTaskCompleted, ports: CompletionPorts): Promise<CompletionAnswer> {
  const { correlationId } = event;
  try {
    const reported = await reportUserTask(event, ports);
    return reported.kind === 'reported'
      ? { kind: 'completed', correlationId }
      : { ...reported, correlationId };
  } catch (reason) {
    if (!(reason instanceof EngineUnavailableError)) throw reason;
    return { kind: 'recorded', correlationId, reason };
  }
}

function rulesOf(
  task: Pick<EngineUserTask, 'processKey' | 'activityId'>,
  definitions: readonly ProcessDefinition[],
): Rules {
  const { definition, userTask } = findUserTaskDefinition(definitions, task) ?? {};
  if (!userTask) {
    return {
      definition,
      step: { name: task.activityId, number: 0 },
      successText: 'Completed',
      read: (variables) => ({ kind: 'valid', variables, dates: [], parsed: variables }),
    };
  }
  const { number, successText, output } = userTask;
  return {
    definition,
    step: { name: nameOfUserTask(userTask), number },
    successText,
    read: (variables) => readVariables(output, variables),
  };
}
