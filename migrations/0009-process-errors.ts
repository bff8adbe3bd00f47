import type { Knex } from 'knex';
import { PROCESS_STORE } from '../infrastructure/sql/columns.ts';
import { columnType, dialectOf } from './dialect.ts';
import { dropInterruptedRebuild } from './drop-interrupted-rebuild.ts';
import { quoted } from './permissions.ts';
import { processDurations } from './process-views.ts';
import { replaceView } from './replace-view.ts';
import { rewriteErrors } from './rewrite-errors.ts';
import { wordsOf } from './view-words.ts';

const TABLES = ['process_store', 'process_store_archive'];
const ADDED = ['error_kind', 'error_code', 'error_step'] as const;
/** Characters of a code or a step, which have two code units at most. */
const MAX_NAME = 255;

/**
 * `error` of a process becomes the message of its error, as the data model says; kind, code and step, which were in
 * a JSON with it, get columns of their own. An encrypted message stays encrypted: it was so within the JSON.
 */
export async function up(knex: Knex): Promise<void> {
  const dialect = dialectOf(knex);
  await dropInterruptedRebuild(knex);
  await dropJsonCheck(knex);
  for (const table of TABLES) {
    for (const name of ADDED) {
      const type = columnType(PROCESS_STORE[name], dialect);
      await knex.schema.raw(`ALTER TABLE ${table} ADD ${name} ${type}`);
    }
    await rewriteErrors(knex, table, fromJson);
  }
  await replaceView(knex, 'v_process_durations', processDurations(wordsOf(knex), 9));
  await knex('schema_version').insert({ version: 9 });
}

/** Writes the JSON again, and drops the columns. */
export async function down(knex: Knex): Promise<void> {
  await dropInterruptedRebuild(knex);
  await replaceView(knex, 'v_process_durations', processDurations(wordsOf(knex), 7));
  for (const table of TABLES) {
    await rewriteErrors(knex, table, toJson);
    for (const column of ADDED) {
      await knex.schema.raw(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
  }
  if (dialectOf(knex).kind === 'mssql') {
    await knex.schema.raw(
      'ALTER TABLE process_store ADD CONSTRAINT ck_process_store_error CHECK (error IS NULL OR ISJSON(error) = 1)',
    );
  }
  await knex('schema_version').where({ version: 9 }).delete();
}

interface ErrorColumns {
  error: string | null;
  error_kind: string | null;
  error_code: string | null;
  error_step: string | null;
}

/** A text that is not our JSON stays as it is, and `verify` finds it. */
function fromJson(row: ErrorColumns): ErrorColumns {
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(row.error ?? 'null');
  } catch {
    return row;
  }
  if (typeof json?.kind !== 'string') return row;
  const { kind, code, message, step } = json;
  return {
    error: String(message ?? ''),
    error_kind: kind,
    error_code: short(String(code ?? '')),
    error_step: typeof step === 'string' ? short(step) : null,
  };
}

function toJson(row: ErrorColumns): ErrorColumns {
  const { error: message, error_kind: kind, error_code: code, error_step: step } = row;
  if (kind === null) return row;
  return { ...row, error: JSON.stringify({ kind, code, message, step }) };
}

function short(name: string): string {
  return Array.from(name.toWellFormed()).slice(0, MAX_NAME).join('');
}

/** After a rebuild its name is one that the server made. */
async function dropJsonCheck(knex: Knex): Promise<void> {
  if (dialectOf(knex).kind !== 'mssql') return;
  const checks: { name: string; definition: string }[] = await knex.raw(
    "SELECT name, definition FROM sys.check_constraints WHERE parent_object_id = OBJECT_ID('process_store')",
  );
  for (const { name, definition } of checks) {
    if (!/isjson\W*error\b/i.test(definition)) continue;
    await knex.schema.raw(`ALTER TABLE process_store DROP CONSTRAINT ${quoted(name)}`);
  }
}
