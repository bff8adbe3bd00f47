import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Task, type TaskService, Variables } from 'camunda-external-task-client-js';
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
  measure: ({ callers, seconds }: { callers: number; seconds: number }): Promise<Measured> =>
    runCallers(callers, seconds, runProcess),
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

async function runProcess(): Promise<void> {
  const key = randomUUID();
  const ended = new Promise<void>((resolve) => waiting.set(key, resolve));
  await engine?.start(BARE_KEY, key, INPUT);
  await ended;
  waiting.delete(key);
}

export type BareWorker = typeof calls;
answerCalls(calls);
