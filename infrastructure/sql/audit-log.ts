import { hash, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type {
  AuditDifference,
  AuditEntry,
  AuditFilter,
  AuditLog,
  NewAuditEntry,
} from '../../domain/audit/index.ts';
import { type Clock, StoreUnavailableError } from '../../domain/common/index.ts';
import { createGuard } from './guarded.ts';

/** A row of audit_log; times are ISO 8601 in UTC. */
export interface AuditRow {
  seq: number | string;
  id: string;
  act: string;
  action: string;
  outcome: string;
  actor: string;
  subject: string | null;
  details: string;
  created_at: string;
  hash: string;
}

/** How a database wants the values that Knex would bind wrongly, and gives rows back. */
interface AuditDialect {
  key(value: string): Knex.Value;
  time(value: string): Knex.Value;
  row(raw: unknown): AuditRow;
  /** Runs a statement that is alone among those that look for the last entry before they add one. */
  runAlone(statement: string, values: readonly Knex.Value[]): Promise<unknown>;
  /** Runs a statement again that met trouble which passes; it may have been done already. */
  retried<T>(run: () => Promise<T>): Promise<T>;
}

const COLUMNS = [
  'seq',
  'id',
  'act',
  'action',
  'outcome',
  'actor',
  'subject',
  'details',
  'created_at',
  'hash',
] as const;
/** Each attempt is lost to an entry of somebody else. */
const MAX_ATTEMPTS = 100;
/** Entries that are read at once to verify them. */
const PAGE = 1_000;

/** The audit log on either database, through Knex: few write it, and seldom. */
export function createAuditLog(knex: Knex, dialect: AuditDialect, clock: Clock): AuditLog {
  const { key, time, row: toRow, runAlone, retried } = dialect;
  const table = (): Knex.QueryBuilder => knex('audit_log');

  const guarded = createGuard('the audit log', retried);

  async function lastRow(): Promise<AuditRow | null> {
    const [raw] = await table()
      .select([...COLUMNS])
      .orderBy('seq', 'desc')
      .limit(1);
    return raw === undefined ? null : toRow(raw);
  }

  async function written(id: string): Promise<AuditRow | null> {
    const raw = await table()
      .where('id', key(id))
      .first([...COLUMNS]);
    return raw === undefined ? null : toRow(raw);
  }

  async function tryToAppend(id: string, entry: NewAuditEntry): Promise<void> {
    const last = await lastRow();
    const now = new Date(clock()).toISOString();
    const row: AuditRow = {
      seq: Number(last?.seq ?? 0) + 1,
      id,
      act: entry.act,
      action: entry.action,
      outcome: entry.outcome,
      actor: entry.actor,
      subject: entry.subject,
      details: JSON.stringify(entry.details),
      // A clock may have been set back: times in the log do not fall.
      created_at: last && last.created_at > now ? last.created_at : now,
      hash: '',
    };
    row.hash = hashOf(row, last?.hash ?? null);
    const values = [
      row.seq,
      ...[row.id, row.act, row.action, row.outcome].map(key),
      ...[row.actor, row.subject, row.details],
      time(row.created_at),
      key(row.hash),
    ];
    // Looking for the last entry and adding one are one statement, so that nobody else's comes between.
    await runAlone(
      `INSERT INTO audit_log (${COLUMNS.join(', ')})
       SELECT ${COLUMNS.map(() => '?').join(', ')}
       WHERE (SELECT COALESCE(MAX(seq), 0) FROM audit_log) = ?`,
      [...values, Number(row.seq) - 1] as Knex.Value[],
    );
  }

  /** Run again after a lost answer, it finds what it wrote. */
  const appendAs = guarded(async (id: string, entry: NewAuditEntry): Promise<AuditEntry> => {
    for (let attempt = 0; attempt <= MAX_ATTEMPTS; attempt++) {
      const row = await written(id);
      if (row) return fromRow(row);
      await tryToAppend(id, entry);
    }
    throw new StoreUnavailableError(
      `the audit log was not written: others wrote it ${MAX_ATTEMPTS} times meanwhile`,
    );
  });

  function filtered({ action, outcome, actor, subject, act, from, to }: AuditFilter) {
    const query = table().select([...COLUMNS]);
    if (action !== undefined) query.where('action', key(action));
    if (outcome !== undefined) query.where('outcome', key(outcome));
    if (actor !== undefined) query.where('actor', actor);
    if (subject !== undefined) query.where('subject', subject);
    if (act !== undefined) query.where('act', key(act));
    if (from !== undefined) query.where('created_at', '>=', time(from));
    if (to !== undefined) query.where('created_at', '<', time(to));
    return query;
  }

  async function rowsAfter(seq: number): Promise<AuditRow[]> {
    const rows: unknown[] = await table()
      .select([...COLUMNS])
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(PAGE);
    return rows.map(toRow);
  }

  return {
    append: (entry) => appendAs(randomUUID(), entry),
    list: guarded(async (filter, page) => {
      const query = filtered(filter).limit(page.limit);
      if ('after' in page) query.where('seq', '>', page.after).orderBy('seq');
      else {
        if (page.before !== undefined) query.where('seq', '<', page.before);
        query.orderBy('seq', 'desc');
      }
      const rows: unknown[] = await query;
      return rows.map((raw) => fromRow(toRow(raw)));
    }),
    verify: guarded(async (signal) => {
      const differences: AuditDifference[] = [];
      let [entries, last, previous]: [number, number, string | null] = [0, 0, null];
      for (;;) {
        const rows = signal.aborted ? [] : await rowsAfter(last);
        if (rows.length === 0) return { entries, differences };
        for (const row of rows) {
          const seq = Number(row.seq);
          if (seq !== last + 1) {
            differences.push({ seq, message: `entry ${last + 1} and up to this one are missing` });
          }
          if (row.hash !== hashOf(row, previous)) {
            differences.push({
              seq,
              message: 'its hash is not that of what it says, behind the entry before it',
            });
          }
          entries++;
          last = seq;
          // As it is stored: one that was changed makes no others wrong.
          previous = row.hash;
        }
      }
    }),
  };
}

/**
 * SHA-256 in hexadecimal digits over the hash before and the columns one after the other, each text as its length in
 * UTF-16 code units, a colon and itself, NULL as a hyphen, as in the hashes of events (`event-hash.ts`).
 *
 * @param previous null for the first entry
 */
function hashOf(row: AuditRow, previous: string | null): string {
  let text = '';
  for (const name of COLUMNS) {
    if (name === 'hash') continue;
    const value = row[name];
    text += value === null ? '-' : `${String(value).length}:${value}`;
  }
  return hash('sha256', `${previous ?? '-'}${text}`);
}

function fromRow(row: AuditRow): AuditEntry {
  return {
    seq: Number(row.seq),
    act: row.act,
    action: row.action as AuditEntry['action'],
    outcome: row.outcome as AuditEntry['outcome'],
    actor: row.actor,
    subject: row.subject,
    details: JSON.parse(row.details),
    createdAt: row.created_at,
    hash: row.hash,
  };
}
