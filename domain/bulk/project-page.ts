import { isTransient, type Log } from '../common/index.ts';
import type { ProcessStore } from '../process/index.ts';
import type { BulkRun, BulkStore } from './bulk-run.ts';

export interface ProjectPagePorts {
  bulkStore: Pick<BulkStore, 'collect'>;
  processStore: Pick<ProcessStore, 'findUnprojectedEvents' | 'projectMany'>;
  log: Pick<Log, 'warn'>;
}

/** Of which the processes are projected together: on SQLite that takes 3 ms, in which others cannot write. */
const MAX_EVENTS = 100;
/** After so many that are projected, earlier ones are as well: the projection follows the order of the ids, about. */
const MAX_PROJECTED = 10_000;

/**
 * Projects the processes of a page of events that the list does not have yet, so that a run finds what was committed just
 * before its call. Pages are read from the newest event back, which ends however fast new ones come. The time of the
 * call is no bound, because the clocks of service instances and of a database server differ.
 *
 * Waiting for the projection instead would take as long as the queue and other instances do, and for a process that
 * meets an error at each attempt it would have no end.
 *
 * Race: a kill between two pages. A run that began at the newest event again would find what it has projected itself,
 * and take all earlier events for projected: it resumes at `before`. And a process that is archived after its event was
 * found: projecting it changes nothing.
 */
export async function projectPage(
  run: BulkRun,
  before: string | null,
  ports: ProjectPagePorts,
): Promise<void> {
  const { bulkStore, processStore } = ports;
  const events = await processStore.findUnprojectedEvents({
    before: before ?? undefined,
    among: MAX_PROJECTED,
    limit: MAX_EVENTS,
  });
  await project([...new Set(events.map(({ correlationId }) => correlationId))], run, ports);
  const last = events.at(-1);
  await bulkStore.collect(
    run.id,
    [],
    last ? { pass: 0, before: last.eventId } : { pass: 1, cursor: null },
  );
}

/** One process that cannot be projected must not keep all others waiting: the run takes it as the list has it. */
async function project(
  correlationIds: readonly string[],
  run: BulkRun,
  { processStore, log }: ProjectPagePorts,
): Promise<void> {
  try {
    await processStore.projectMany(correlationIds);
    return;
  } catch (error) {
    if (isTransient(error)) throw error;
  }
  for (const correlationId of correlationIds) {
    try {
      await processStore.projectMany([correlationId]);
    } catch (error) {
      if (isTransient(error)) throw error;
      log.warn(
        { err: error, correlationId, bulkId: run.id },
        'bulk: a process cannot be projected, and may not be found',
      );
    }
  }
}
