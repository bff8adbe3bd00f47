import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Task, type TaskService, Variables } from 'camunda-external-task-client-js';
import { reservedValues } from '../../domain/process/index.ts';
import { createRestEngine, type RestEngine } from '../../infrastructure/camunda/rest-engine.ts';
import { startEmbeddedEngine } from '../../infrastructure/embedded-engine/start.ts';
import { createLogger } from '../../src/composition/observability/logger.ts';
import { type Measured, runCallers } from '../support/callers.ts';
import { answerCalls } from '../support/child.ts';
import { INPUT, PROCESS_KEY, PROCESSES_DIR, STEPS, work } from '../support/four-steps.ts';

const MAX_TASKS = 64;

/** Resolves the wait for the end of an instance, by business key. */
const waiting = new Map<string, () => void>();
let engine: RestEngine | undefined;

/** As of a process that a caller starts with nothing but its variables. */
const IDENTITY = {
  traceabilityId: '0af7651916cd43dd8448eb211c80319c',
  originatingSystem: 'FastifyAPI',
  identifiers: { userId: INPUT.userId },
};
/** A key of its own, so that the service's worker on the same engine does not get these tasks. */
const BARE_KEY = `bare-${PROCESS_KEY}`;

/**
 * Camunda's external-task client, configured to be as fast as the service's worker, on the engine at `engineUrl` or on an
 * embedded one.
 */
const calls = {
  async start({ folder, engineUrl }: { folder: string; engineUrl?: string }): Promise<void> {
    const file = join(folder, 'engine.db');
    const log = createLogger('warn', false);
    const baseUrl = engineUrl ?? (await startEmbeddedEngine({ file, log })).url;
    engine = createRestEngine({ baseUrl });
    const model = join(PROCESSES_DIR, PROCESS_KEY, `${PROCESS_KEY}.bpmn`);
    const content = (await readFile(model, 'utf8')).replaceAll(`"${PROCESS_KEY}`, `"${BARE_KEY}`);
    await engine.deploy(BARE_KEY, [{ fileName: `${BARE_KEY}.bpmn`, content }]);
    const client = new Client({
      baseUrl,
      workerId: randomUUID(),
      maxTasks: MAX_TASKS,
      interval: 0,
      asyncResponseTimeout: 1_000,
      lockDuration: 30_000,
    });
    STEPS.forEach((step, at) => {
      const input = STEPS[at - 1] ?? 'payload';
      const isLast = at === STEPS.length - 1;
      client.subscribe(`${BARE_KEY}.${step}`, { variables: [input] }, ({ task, taskService }) =>
        doStep(task, taskService, { input, output: step, isLast }),
      );
    });
  },
  /** @param reserved whether instances also get the variables that the service gives each of its own */
  measure: ({
    callers,
    seconds,
    reserved = false,
  }: {
    callers: number;
    seconds: number;
    reserved?: boolean;
  }): Promise<Measured> => runCallers(callers, seconds, () => runProcess(reserved)),
};

async function doStep(
  task: Task,
  taskService: TaskService,
  step: { input: string; output: string; isLast: boolean },
): Promise<void> {
  const variables = new Variables();
  variables.set(step.output, work(String(task.variables.get(step.input))));
  await taskService.complete(task, variables);
  if (step.isLast) waiting.get(task.businessKey ?? '')?.();
}

async function runProcess(reserved: boolean): Promise<void> {
  const key = randomUUID();
  const variables = reserved ? { ...INPUT, ...reservedValues(key, IDENTITY) } : INPUT;
  const ended = new Promise<void>((resolve) => waiting.set(key, resolve));
  await engine?.start(BARE_KEY, key, variables);
  await ended;
  waiting.delete(key);
}

export type BareWorker = typeof calls;
answerCalls(calls);
