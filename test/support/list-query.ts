import type { Knex } from 'knex';
import type { ProcessCursor, ProcessFilter } from '../../domain/process/process-store.ts';
import { createListProcesses } from '../../infrastructure/sql/list-processes.ts';

/** The statement by which a page of processes is read on SQLite. */
export async function listQuery(
  knex: Knex,
  filter: ProcessFilter,
  after: ProcessCursor,
): Promise<Knex.SqlNative> {
  const asked: Knex.SqlNative[] = [];
  const list = createListProcesses(knex, {
    key: (value) => value,
    time: (value) => value,
    noTime: 'NULL',
    async upTo(query) {
      asked.push(query.toSQL().toNative());
      return { rows: [], bytes: 0, isCut: false };
    },
  });
  await list(filter, { limit: 10, maxBytes: 1_000_000 }, after);
  const [query] = asked;
  if (!query) throw new Error('nothing was asked');
  return query;
}
