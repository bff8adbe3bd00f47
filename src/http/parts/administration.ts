import type { ApiKeyRecord } from '../../../domain/access/index.ts';
import type { RestoreOutcome } from '../../../domain/archive/index.ts';
import type { Act, ActEnd, AuditLog } from '../../../domain/audit/index.ts';
import type { BulkRuns } from '../../../domain/bulk/index.ts';
import type { EraseAnswer } from '../../../domain/personal-data/index.ts';

/** What administrators look at and do, as the commands do it. */
export interface Administration {
  /** The settings as they are printed at the start: without secrets. */
  settings: Readonly<Record<string, unknown>>;
  /** All keys, by name and age. */
  keys(): Promise<ApiKeyRecord[]>;
  auditLog: Pick<AuditLog, 'list'>;
  bulk: BulkRuns;
  /** Does something that the audit log tells of; see `audited` in domain/audit. */
  audited<Result>(
    act: Act,
    work: () => Promise<Result>,
    endOf: (result: Result) => ActEnd,
  ): Promise<Result>;
  /** `busy`: a maintenance run holds the tables; `reason` is a sentence. */
  restore(
    correlationId: string,
    by: ByWhom,
  ): Promise<{ kind: RestoreOutcome } | { kind: 'busy'; reason: string }>;
  /** @returns with an erasure, whether the engine has nothing of the process any more; otherwise the reconciler tries */
  erase(correlationId: string, by: ByWhom): Promise<EraseAnswer & { isGoneFromEngine: boolean }>;
}

/** Who asked for it, and why. */
export interface ByWhom {
  actor: string;
  reason: string;
}
