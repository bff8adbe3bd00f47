import { end, expression, flows, start, task } from '../../support/bpmn/model.ts';
import { extension, taskWith } from '../../support/bpmn/notation.ts';
import { until } from '../../support/children.ts';
import type { Followed, Rig } from './engine-rig.ts';

/*
 * Jobs that fail. The engines attempt at different paces, so what is looked at is the number of attempts that are left,
 * and whether the next one is due soon or late.
 */

export const ASYNC = 'camunda:asyncBefore="true"';

export const retryCycle = (text: string): string =>
  `<camunda:failedJobRetryTimeCycle>${text}</camunda:failedJobRetryTimeCycle>`;
/** What has this cannot be entered as long as there is no variable `needed`. */
export const needy = `<camunda:inputOutput><camunda:inputParameter name="x">${expression('needed')}</camunda:inputParameter></camunda:inputOutput>`;

/** A task that a job enters, and that cannot be entered. */
export const failingWork = (cycle?: string): string[] => [
  ...[start(), task('first')],
  taskWith('work', extension(`${cycle === undefined ? '' : retryCycle(cycle)}${needy}`), ASYNC),
  ...[end(), flows('start', 'first', 'work', 'end')],
];

export interface Job {
  id: string;
  processInstanceId: string | null;
  dueDate: string | null;
  retries: number;
  exceptionMessage: string | null;
}
export interface Incident {
  id: string;
  incidentType: string;
  activityId: string | null;
  configuration: string;
  incidentMessage: string | null;
  processInstanceId: string | null;
}

/** From now, in whole minutes; null: it has none. */
export const minutesUntil = ({ dueDate }: Job): number | null =>
  dueDate === null ? null : Math.round((Date.parse(dueDate) - Date.now()) / 60_000);

export function jobsIn(rig: Rig) {
  const byDue = 'sortBy=jobDueDate&sortOrder=asc';
  const list = async <T>(path: string): Promise<T[]> => (await rig.call<T[]>('GET', path)).body;
  const jobsOf = ({ id }: { id: string }) => list<Job>(`/job?processInstanceId=${id}&${byDue}`);
  const incidentsOf = ({ id }: { id: string }) =>
    list<Incident>(`/incident?processInstanceId=${id}`);

  async function jobOf(instance: { id: string }): Promise<Job> {
    const [job, ...others] = await jobsOf(instance);
    if (!job || others.length > 0) throw new Error(`it has ${job ? others.length + 1 : 0} jobs`);
    return job;
  }

  return {
    jobsOf,
    jobOf,
    incidentsOf,
    jobsOfProcess: (key: string) => list<Job>(`/job?processDefinitionKey=${key}&${byDue}`),
    incidentsOfProcess: (key: string) => list<Incident>(`/incident?processDefinitionKeyIn=${key}`),
    incidentOf: (instance: { id: string }): Promise<Incident> =>
      until(async () => (await incidentsOf(instance))[0], 'the incident'),
    /** Its first attempt has failed. */
    failedJobOf: (instance: { id: string }): Promise<Job> =>
      until(async () => {
        const job = await jobOf(instance);
        return job.exceptionMessage === null ? null : job;
      }, 'an attempt fails'),
    execute: ({ id }: Job) => rig.call('POST', `/job/${id}/execute`),
    setRetries: (id: string, body: { retries: number; dueDate?: string }) =>
      rig.call('PUT', `/job/${id}/retries`, body),
    /** Now what is needed is there. */
    mend: ({ id }: { id: string }) =>
      rig.call('PUT', `/process-instance/${id}/variables/needed`, { value: 1, type: 'Integer' }),
    /** An instance whose first task is done, so that the job behind it is attempted. */
    async runFailing(cycle?: string, variables = {}): Promise<Followed> {
      const instance = await rig.run(failingWork(cycle), variables);
      const { status } = await instance.complete('first');
      if (status !== 204) throw new Error(`completing the first task answered ${status}`);
      return instance;
    },
  };
}
