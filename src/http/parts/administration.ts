import type { ApiKeyRecord } from '../../../domain/access/index.ts';
import type { RestoreOutcome } from '../../../domain/archive/index.ts';
import type { EraseAnswer } from '../../../domain/personal-data/index.ts';

/** What administrators look at and do, as the commands do it. */
export interface Administration {
  /** The settings as they are printed at the start: without secrets. */
  settings: Readonly<Record<string, unknown>>;
  /** All keys, by name and age. */
  keys(): Promise<ApiKeyRecord[]>;
  /** `busy`: a maintenance run holds the tables; `reason` is a sentence. */
  restore(
    correlationId: string,
  ): Promise<{ kind: RestoreOutcome } | { kind: 'busy'; reason: string }>;
  /** @returns with an erasure, whether the engine has nothing of the process any more; otherwise the reconciler tries */
  erase(correlationId: string): Promise<EraseAnswer & { isGoneFromEngine: boolean }>;
}
