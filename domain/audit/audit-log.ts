import type { Json, Timestamp } from '../common/index.ts';

/** Administrative acts that no event of a process tells of (G15). */
export const AUDIT_ACTIONS = [
  'api-key-create',
  'api-key-revoke',
  'archive',
  'purge',
  'restore',
  'erase',
  'rewrap-keys',
  'rebuild',
  'repair',
  'retry-jobs',
  'bulk',
  'subscription-create',
  'subscription-remove',
  'subscription-secret',
  'replay-deliveries',
  'start-service',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/**
 * `begun` is written before anything is done. An act without an end was killed, or lost its database, in the middle.
 * `stopped`: a signal ended it, and what it did stays done.
 */
export const AUDIT_OUTCOMES = ['begun', 'done', 'refused', 'stopped', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Details of an act: small plain JSON without secrets or personal data. */
export type AuditDetails = Readonly<Record<string, Json>>;

export interface NewAuditEntry {
  /** The same in all entries of one act. */
  act: string;
  action: AuditAction;
  outcome: AuditOutcome;
  /** Name of the API key or subject of the token; `local` for a command, `service` for what the service does itself. */
  actor: string;
  /** What it is done to: the correlation id of a process, the id of a key; null for many. */
  subject: string | null;
  details: AuditDetails;
}

/** An entry of the audit log. */
export interface AuditEntry extends NewAuditEntry {
  /** Counts up from 1 without a gap. */
  seq: number;
  createdAt: Timestamp;
  /** SHA-256 over the hash before it and everything in the entry, in hexadecimal digits. */
  hash: string;
}

/** Only entries for which all that are given hold. */
export interface AuditFilter {
  action?: AuditAction | undefined;
  outcome?: AuditOutcome | undefined;
  actor?: string | undefined;
  subject?: string | undefined;
  act?: string | undefined;
  /** Not before. */
  from?: Timestamp | undefined;
  /** Before. */
  to?: Timestamp | undefined;
}

export interface AuditDifference {
  seq: number;
  /** A sentence. */
  message: string;
}

/** Append-only; each entry holds the hash of the one before it. */
export interface AuditLog {
  /**
   * @throws StoreUnavailableError when it could not be written
   */
  append(entry: NewAuditEntry): Promise<AuditEntry>;
  /**
   * @param page `before`: only entries with a smaller number, the newest first; `after`: a larger one, the oldest first
   */
  list(
    filter: AuditFilter,
    page: { limit: number } & ({ before?: number | undefined } | { after: number }),
  ): Promise<AuditEntry[]>;
  /**
   * Computes all hashes again. Entries that were removed from the end cannot be missed by it: compare the last number and
   * hash with those that you noted elsewhere.
   */
  verify(signal: AbortSignal): Promise<{ entries: number; differences: AuditDifference[] }>;
}
