import { randomUUID } from 'node:crypto';
import type { AuditAction, AuditDetails, AuditLog, AuditOutcome } from './audit-log.ts';

/** The actor of what the service does by itself. */
export const SERVICE_ACTOR = 'service';
/** Characters of an error in the log. */
const MAX_ERROR = 1_000;

export interface Act {
  action: AuditAction;
  actor: string;
  /** What it is done to; left out for many. */
  subject?: string;
  details?: AuditDetails;
}

/** How an act ended. */
export interface ActEnd {
  outcome: Exclude<AuditOutcome, 'begun'>;
  details?: AuditDetails;
}

/**
 * Does something that the audit log tells of: that it begins is written before, how it ended after it. So nothing is done
 * without an entry, and what was killed in the middle has one without an end.
 *
 * @param endOf how the act ended, by its result
 * @throws StoreUnavailableError when the log cannot be written; before the act, nothing was done then
 */
export async function audited<Result>(
  log: Pick<AuditLog, 'append'>,
  { action, actor, subject, details = {} }: Act,
  work: () => Promise<Result>,
  endOf: (result: Result) => ActEnd = () => ({ outcome: 'done' }),
): Promise<Result> {
  const act = randomUUID();
  const entry = { act, action, actor, subject: subject ?? null };
  await log.append({ ...entry, outcome: 'begun', details });
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The error of the work tells more than that of a database that is away.
    await log
      .append({ ...entry, outcome: 'failed', details: { error: message.slice(0, MAX_ERROR) } })
      .catch(() => {});
    throw error;
  }
  await log.append({ ...entry, details: {}, ...endOf(result) });
  return result;
}
