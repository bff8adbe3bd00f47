import { expect } from 'vitest';
import { until } from './children.ts';
import { builtFile, type ServiceProcess, startServiceProcess } from './commands.ts';
import { expectWhole, type Folder, readStreams } from './service.ts';
import type { Answer } from './service-api.ts';
import { TASK_PROCESSES } from './task-rig.ts';

/** What the tasks of these tests are completed with, and the result of the process `reviewed`. */
export const VARIABLES = { accepted: true, note: 'seen' };

/** The headers that `programs/during-request.ts` knows. */
interface DuringRequest {
  'test-kill-at'?: string;
  'test-lock'?: 'after-journal' | 'at-once';
}

/** Runs a service, by default with user tasks, as a process of its own, to which requests say when it is killed. */
export async function startTaskService(
  folder: Folder,
  more: Record<string, string> = {},
): Promise<ServiceProcess> {
  return startServiceProcess(folder, {
    PROCESSES_DIR: TASK_PROCESSES,
    NODE_OPTIONS: `--import ${await builtFile('test/support/programs/during-request.ts')}`,
    // What a killed one had in flight is soon done by the next.
    OUTBOX_LEASE_MS: '1000',
    ...more,
  });
}

/** Starts a process, and waits for its task. @returns the id of the task */
export async function openTask(
  { api }: ServiceProcess,
  correlationId: string,
  processKey: string,
  variables: object = { due: '2030-01-31T12:00:00' },
): Promise<string> {
  await api.start(processKey, variables, { correlationId }, { prefer: 'respond-async' });
  return until(async () => {
    const { text } = await api.get(`/api/tasks?limit=1000&process=${processKey}`);
    const { tasks } = JSON.parse(text) as { tasks: { id: string; correlationId: string }[] };
    return tasks.find((task) => task.correlationId === correlationId)?.id;
  }, 'the task is open');
}

/** Completes a task. @returns null when the service was killed meanwhile */
export async function completeTask(
  { api, ended }: ServiceProcess,
  id: string,
  { variables = VARIABLES, ...headers }: DuringRequest & { variables?: object } = {},
): Promise<Answer | null> {
  const options = { json: { variables }, headers: { ...headers } as Record<string, string> };
  return api.post(`/api/tasks/${id}/complete`, options).catch(async () => {
    expect(await ended).toBe('SIGKILL');
    return null;
  });
}

/** The journaled events of a task. */
export async function eventsOf({ api }: ServiceProcess, correlationId: string, taskId: string) {
  const { body } = await api.get(`/api/process/${correlationId}/events`);
  return body.events.filter(({ data }) => data.taskId === taskId);
}

/** Waits until a process has ended with the variables of its task. */
export async function untilReviewed({ api }: ServiceProcess, correlationId: string): Promise<void> {
  const { body } = await api.status(correlationId, { prefer: 'wait=25' });
  expect(body).toMatchObject({ status: 'ok', result: VARIABLES });
}

/** Stops a service, and expects that each process in its folder has two steps, each once, and no gap. */
export async function expectTwoSteps(
  folder: Folder,
  service: ServiceProcess,
  processes: number,
): Promise<void> {
  service.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  const streams = await readStreams(folder);
  expect(streams).toHaveLength(processes);
  expectWhole(streams);
  for (const { events } of streams) {
    const steps = events.flatMap((event) =>
      'step' in event ? [[event.type, event.step.number]] : [],
    );
    expect(steps).toEqual([
      ['step-completed', 1],
      ['step-completed', 2],
    ]);
  }
}
