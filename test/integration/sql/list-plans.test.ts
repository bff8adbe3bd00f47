import { describe, expect, it } from 'vitest';
import type { ProcessFilter } from '../../../domain/process/process-store.ts';
import { listQuery } from '../../support/archive-world.ts';
import { databaseKinds } from '../../support/databases.ts';

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
    const query = await listQuery(database.knex, filter, after);
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

  it('sorts no rows of a status', async () => {
    const database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no SQLite');
    const query = await listQuery(database.knex, { status: 'pending', to: at }, after);
    const plan: { detail: string }[] = await database.knex.raw(
      `EXPLAIN QUERY PLAN ${query?.sql}`,
      (query?.bindings ?? []) as string[],
    );
    expect(plan.map(({ detail }) => detail).join('; ')).not.toContain('TEMP B-TREE');
    await database.destroy();
  });
});
