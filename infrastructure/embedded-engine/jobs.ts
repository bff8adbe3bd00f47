import type { Incident, IncidentFilter, Job, JobFilter, JobService, Page } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { engineFailure, missing } from './errors.ts';
import type { JobRunner } from './job-runner.ts';
import { jobIncident, taskIncident, viewJob, viewStartIncident, viewStartJob } from './job-view.ts';
import { readJobId } from './public-ids.ts';
import type { StartEventRow, WaitRow } from './store/rows.ts';

export function createJobs(core: EngineCore, runner: JobRunner): JobService {
  const { store, definitions } = core;

  function find(id: string): { wait: WaitRow } | { start: StartEventRow } {
    const ref = readJobId(id);
    const start = ref && store.startEvents.get(ref.rootId, ref.node);
    if (start?.kind === 'timer' || start?.kind === 'job') return { start };
    const wait = ref && store.waits.get(ref.rootId, ref.node);
    if (wait?.kind === 'timer' || wait?.kind === 'job') return { wait };
    throw missing(`Job with id ${id} does not exist`);
  }

  function view(row: StartEventRow): Job[] {
    const definition = definitions.find(row.definition_id);
    return definition ? [viewStartJob(row, definition)] : [];
  }

  function startIncident(row: StartEventRow): Incident[] {
    const definition = definitions.find(row.definition_id);
    return definition ? [viewStartIncident(row, definition)] : [];
  }

  /** Timers, and what a signal has thrown. */
  const startRows = (): StartEventRow[] => [
    ...store.startEvents.list('timer'),
    ...store.startEvents.list('job'),
  ];

  function startJobs(filter: JobFilter): Job[] {
    const ofInstance = filter.processInstanceIds ?? filter.executionId;
    if (ofInstance !== undefined) return [];
    return startRows()
      .flatMap(view)
      .filter((job) => matches(job, filter));
  }

  function list(filter: JobFilter, page?: Page): Job[] {
    const { executionId } = filter;
    const ref = executionId === undefined ? undefined : core.refOf(executionId);
    if (executionId !== undefined && !ref) return [];
    const starts = startJobs(filter);
    const from = page?.firstResult ?? 0;
    const most = page?.maxResults;
    if (starts.length === 0) return store.waits.jobs(filter, ref, page).map(viewJob);
    const all = [...starts, ...store.waits.jobs(filter, ref).map(viewJob)];
    return all.slice(from, most === undefined ? undefined : from + most);
  }

  function incidents(filter: IncidentFilter, page?: Page): Incident[] {
    const { processInstanceIds, type } = filter;
    const ofInstances = processInstanceIds ? { processInstanceIds } : {};
    const tasks =
      type === 'failedJob'
        ? []
        : store.externalTasks.list({ ...ofInstances, noRetriesLeft: true }).map(taskIncident);
    const jobs =
      type === 'failedExternalTask'
        ? []
        : store.waits.jobs({ ...ofInstances, noRetriesLeft: true }, undefined).map(jobIncident);
    const starts =
      type === 'failedExternalTask' || processInstanceIds
        ? []
        : startRows().filter(({ retries }) => retries === 0);
    const found = [...tasks, ...jobs, ...starts.flatMap(startIncident)].filter(
      (one) =>
        (filter.id ?? one.id) === one.id &&
        (filter.definitionId ?? one.definitionId) === one.definitionId &&
        (filter.processKeys?.includes(one.processKey) ?? true) &&
        (filter.activityId ?? one.activityId) === one.activityId,
    );
    const from = page?.firstResult ?? 0;
    return found.slice(from, from + (page?.maxResults ?? found.length));
  }

  return {
    list,
    incidents,
    get(id) {
      const found = find(id);
      if ('wait' in found) return viewJob(found.wait);
      const [job] = view(found.start);
      if (!job) throw missing(`Job with id ${id} does not exist`);
      return job;
    },
    async execute(id) {
      const found = find(id);
      const failure =
        'wait' in found
          ? await runner.run({ rootId: found.wait.root_id, wait: found.wait.wait })
          : await runner.runStart(found.start);
      if (failure !== null) throw engineFailure(failure);
    },
    async setRetries(id, retries) {
      await core.run((unit) => {
        const found = find(id);
        const at = unit.now;
        unit.defer(() => {
          if ('wait' in found) {
            store.waits.setRetries(found.wait.root_id, found.wait.wait, retries, at);
            return;
          }
          const { start } = found;
          const isNewIncident = retries === 0 && start.retries > 0;
          store.startEvents.update({
            ...start,
            retries,
            failed_at: isNewIncident ? at : start.failed_at,
          });
        });
      });
      runner.arm(core.now());
    },
    async setDueDate(id, given) {
      const due = given ?? core.now();
      await core.run((unit) => {
        const found = find(id);
        unit.defer(() => {
          if ('wait' in found) store.waits.setDue(found.wait.root_id, found.wait.wait, due);
          else store.startEvents.update({ ...found.start, due });
        });
      });
      runner.arm(due);
    },
  };
}

function matches(job: Job, filter: JobFilter): boolean {
  return (
    (filter.ids?.includes(job.id) ?? true) &&
    (filter.definitionId ?? job.definitionId) === job.definitionId &&
    (filter.processKey ?? job.processKey) === job.processKey &&
    (filter.activityId ?? job.activityId) === job.activityId &&
    (!filter.timersOnly || job.kind !== 'async') &&
    (!filter.messagesOnly || job.kind === 'async') &&
    (!filter.withException || job.exceptionMessage !== null) &&
    (!filter.noRetriesLeft || job.retries === 0) &&
    (!filter.withRetriesLeft || job.retries > 0) &&
    (filter.dueBefore === undefined || (job.due ?? Number.POSITIVE_INFINITY) < filter.dueBefore) &&
    (filter.dueAfter === undefined || (job.due ?? Number.NEGATIVE_INFINITY) > filter.dueAfter)
  );
}
