import type { Knex } from 'knex';
import { describe, expect, it } from 'vitest';
import type { ProcessFilter } from '../../../domain/process/process-store.ts';
import { listQueries } from '../../support/archive-world.ts';
import { databaseKinds } from '../../support/databases.ts';
import { sought } from '../../support/identifiers.ts';

describe('the list of processes on SQLite', () => {
  const at = '2026-01-01T00:00:00.000Z';
  const after = { updatedAt: at, correlationId: 'c' };

  it.each<[filter: ProcessFilter, seeks: string[]]>([
    [{ status: 'pending' }, ['INDEX idx_status (status=? AND updated_at<?)']],
    [
      { processName: 'a', status: 'error' },
      ['INDEX idx_process_name (process_name=? AND status=? AND updated_at<?)'],
    ],
    [
      { processName: 'a', currentStep: 'b', status: 'ok' },
      ['INDEX idx_current_step (current_step=? AND status=? AND updated_at<?)'],
    ],
    [
      { processName: 'a' },
      [
        'INDEX sqlite_autoindex_process_store_1 (correlation_id=?)',
        'COVERING INDEX idx_process_name (process_name=? AND status=? AND updated_at<?)',
      ],
    ],
    [
      { currentStep: 'b' },
      [
        'INDEX sqlite_autoindex_process_store_1 (correlation_id=?)',
        'COVERING INDEX idx_current_step (current_step=? AND status=? AND updated_at<?)',
      ],
    ],
    [
      { status: 'error', partitions: 'both' },
      [
        'INDEX idx_process_store_archive_status (status=? AND updated_at<?)',
        'INDEX idx_status (status=? AND updated_at<?)',
      ],
    ],
    [
      { processName: 'a', partitions: 'both' },
      [
        'COVERING INDEX idx_process_name (process_name=? AND status=? AND updated_at<?)',
        'COVERING INDEX idx_process_store_archive_process_name (process_name=? AND status=? AND updated_at<?)',
        'INDEX sqlite_autoindex_process_store_1 (correlation_id=?)',
        'INDEX uq_process_store_archive_correlation_id (correlation_id=?)',
      ],
    ],
  ])('seeks each page in an index that it begins in, however deep: %j', async (filter, seeks) => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const [query] = await listQueries(database.knex, filter, after);
    const plan: { detail: string }[] = await database.knex.raw(
      `EXPLAIN QUERY PLAN ${query?.sql}`,
      (query?.bindings ?? []) as string[],
    );
    const details = plan.map(({ detail }) => detail);
    const found = details.flatMap(
      (detail) => /^SEARCH process_\w+ USING (.*)$/.exec(detail)?.[1] ?? [],
    );
    expect([...new Set(found)].sort()).toEqual([...seeks].sort());
    expect(details.filter((detail) => /^SCAN process_/.test(detail))).toEqual([]);
    await database.destroy();
  });

  const exact = (value: string) => ({ value, isPrefix: false });
  const byKey = 'INDEX sqlite_autoindex_process_store_1 (correlation_id=?)';
  const byArchivedKey = 'INDEX uq_process_store_archive_correlation_id (correlation_id=?)';
  const value = 'COVERING INDEX idx_process_identifier_value';
  const archivedValue = 'COVERING INDEX idx_process_identifier_archive_value';
  const whole = '(name=? AND value=? AND is_hashed=?)';
  const begins = '(name=? AND value>? AND value<?)';
  const ofProcess = '(name=? AND value=? AND is_hashed=? AND correlation_id=?)';

  /** What few processes have, and what more processes have than are sorted. */
  it.each<[filter: ProcessFilter, found: number, seeks: string[]]>([
    [
      { identifiers: [sought('userId', '42')], status: 'ok', processName: 'a', from: at },
      1,
      [byKey, `${value} ${whole}`],
    ],
    [{ identifiers: [sought('email', 'a@b.c')] }, 1, [byKey, `${value} ${whole}`]],
    [
      { identifiers: [sought('userId', '4*')], partitions: 'both' },
      1,
      [byKey, byArchivedKey, `${value} ${begins}`, `${archivedValue} ${begins}`],
    ],
    [
      { identifiers: [sought('country', 'DE')], status: 'ok' },
      9_000,
      ['INDEX idx_status (status=? AND updated_at<?)', `${value} ${ofProcess}`],
    ],
    [
      { identifiers: [sought('email', 'a@b.c')] },
      9_000,
      ['INDEX idx_updated_at (updated_at<?)', 'PRIMARY KEY (correlation_id=? AND name=?)'],
    ],
    [
      { errorCode: exact('AWAY'), status: 'error', processName: 'a', currentStep: 'b' },
      0,
      ['INDEX idx_error_code (error_code=? AND updated_at<?)'],
    ],
    [
      { errorCode: exact('AWAY'), partitions: 'both' },
      0,
      [
        'INDEX idx_error_code (error_code=? AND updated_at<?)',
        'INDEX idx_process_store_archive_error_code (error_code=? AND updated_at<?)',
      ],
    ],
    [
      { errorCode: { value: 'AW', isPrefix: true } },
      1,
      [byKey, 'COVERING INDEX idx_error_code (error_code>? AND error_code<?)'],
    ],
  ])('seeks what is searched for in an index: %j, %i', async (filter, found, seeks) => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const [page, counts] = await listQueries(database.knex, filter, after, found);
    const details = async ({ sql, bindings }: Knex.SqlNative): Promise<string[]> => {
      const rows = await database.knex.raw(`EXPLAIN QUERY PLAN ${sql}`, bindings as string[]);
      return rows.map(({ detail }: { detail: string }) => detail);
    };
    const plan = await details(page);
    const used = plan.flatMap(
      (detail) => /^SEARCH process_\w+ (?:EXISTS )?USING (.*)$/.exec(detail)?.[1] ?? [],
    );
    expect([...new Set(used)].sort()).toEqual([...seeks].sort());
    const all = [...plan, ...(counts ? await details(counts) : [])];
    expect(all.filter((detail) => /^SCAN process_/.test(detail))).toEqual([]);
    await database.destroy();
  });

  it('sorts no rows of a status', async () => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const [query] = await listQueries(database.knex, { status: 'pending', to: at }, after);
    const plan: { detail: string }[] = await database.knex.raw(
      `EXPLAIN QUERY PLAN ${query?.sql}`,
      (query?.bindings ?? []) as string[],
    );
    expect(plan.map(({ detail }) => detail).join('; ')).not.toContain('TEMP B-TREE');
    await database.destroy();
  });
});
