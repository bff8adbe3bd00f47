import type { AuditDetails, AuditLog, AuditOutcome } from '../audit/index.ts';
import { type Clock, DAY_MS } from '../common/index.ts';
import type { BulkProgress, BulkRequest, BulkRun, BulkStore } from './bulk-run.ts';

/** How long a run that is done can be looked at. */
const KEEP_MS = 90 * DAY_MS;

export type BulkAnswer =
  | { kind: 'known'; run: BulkRun; progress: BulkProgress }
  /** It is not in a state for what is asked. */
  | { kind: 'refused'; run: BulkRun; progress: BulkProgress }
  | { kind: 'unknown' };

/** What callers and commands do with bulk runs; the job `run-bulk` of a service does the work. */
export interface BulkRuns {
  /** @throws StoreUnavailableError with nothing begun */
  begin(request: BulkRequest): Promise<BulkRun>;
  find(id: string): Promise<BulkAnswer>;
  stop(id: string, actor: string): Promise<BulkAnswer>;
  resume(id: string, actor: string): Promise<BulkAnswer>;
  list: BulkStore['list'];
  failures: BulkStore['failures'];
}

/**
 * Bulk runs, each of which the audit log tells of: who asked for what, who stopped and resumed it, and its end.
 *
 * @param options `newId`: ids that sort by their time
 * @param details what the audit log says besides
 */
export function createBulkRuns(
  { bulkStore, auditLog }: { bulkStore: BulkStore; auditLog: Pick<AuditLog, 'append'> },
  options: { clock: Clock; newId: () => string },
  details: AuditDetails = {},
): BulkRuns {
  const { clock, newId } = options;

  async function log(
    run: Pick<BulkRun, 'id'>,
    outcome: AuditOutcome,
    actor: string,
    more: AuditDetails,
  ): Promise<void> {
    const { id } = run;
    const entry = { act: id, action: 'bulk', outcome, actor, subject: id } as const;
    await auditLog.append({ ...entry, details: { ...more, ...details } });
  }

  async function find(id: string): Promise<BulkAnswer> {
    const run = await bulkStore.get(id);
    return run
      ? { kind: 'known', run, progress: await bulkStore.progress(id) }
      : { kind: 'unknown' };
  }

  async function change(id: string, actor: string, how: 'stop' | 'resume'): Promise<BulkAnswer> {
    const changed = await bulkStore[how](id);
    if (changed) {
      await log({ id }, how === 'stop' ? 'stopped' : 'begun', actor, { [how]: true });
    }
    const found = await find(id);
    return changed || found.kind === 'unknown' ? found : { ...found, kind: 'refused' };
  }

  return {
    async begin(request) {
      const now = clock();
      await bulkStore.deleteEnded(new Date(now - KEEP_MS).toISOString());
      const createdAt = new Date(now).toISOString();
      const run: BulkRun = {
        ...request,
        id: newId(),
        status: 'collecting',
        isCollected: false,
        // What is archived has a row.
        collected:
          request.action === 'restore' ? { pass: 1, cursor: null } : { pass: 0, before: null },
        found: 0,
        perSecond: 0,
        createdAt,
        updatedAt: createdAt,
        endedAt: null,
      };
      const { action, filter, reason, maxPerSecond, dryRun } = request;
      const asked = {
        action,
        reason,
        maxPerSecond,
        dryRun,
        filter: JSON.parse(JSON.stringify(filter)),
      };
      await log(run, 'begun', request.actor, asked);
      await bulkStore.create(run);
      return run;
    },
    find,
    stop: (id, actor) => change(id, actor, 'stop'),
    resume: (id, actor) => change(id, actor, 'resume'),
    list: bulkStore.list,
    failures: bulkStore.failures,
  };
}
