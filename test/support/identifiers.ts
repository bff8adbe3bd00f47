import { expect } from 'vitest';
import type { Partition } from '../../domain/archive/partition.ts';
import { indexedIn } from '../../domain/identifiers/identifier.ts';
import { readSought, type SoughtIdentifier } from '../../domain/identifiers/sought-identifier.ts';
import { createIdentifierIndex } from '../../domain/personal-data/identifier-index.ts';
import type { Database } from '../../infrastructure/sql/database.ts';

/** The index of identifiers where nothing is personal. */
export const CLEAR_INDEX = createIdentifierIndex(
  { find: async () => [], add: () => Promise.reject(new Error('no key is needed')) },
  null,
);

/** What is searched for, as a caller writes it. */
export function sought(name: string, text: string): SoughtIdentifier {
  const read = readSought(name, text);
  if ('wrong' in read) throw new Error(read.wrong);
  return read;
}

/** The rows of identifiers, live and archived, of one process: each `name=value`, with its number and whether it is hashed. */
export async function identifiersOf(
  { knex }: Pick<Database, 'knex'>,
  correlationId: string,
): Promise<Record<Partition, string[]>> {
  const read = async (table: string): Promise<string[]> => {
    const rows = await knex(table).where({ correlation_id: correlationId }).orderBy('name');
    return rows.map(({ name, value, number, is_hashed }) =>
      [`${name}=${value}`, ...(number === null ? [] : [number]), ...(is_hashed ? ['#'] : [])].join(
        ' ',
      ),
    );
  };
  return {
    live: await read('process_identifier'),
    archived: await read('process_identifier_archive'),
  };
}

/** G5: the rows of identifiers are those of the first events, in the partition of these, and no others. */
export async function expectIdentified(database: Pick<Database, 'knex'>): Promise<void> {
  for (const suffix of ['', '_archive']) {
    const { knex } = database;
    const firsts = await knex(`event_log${suffix}`).where({ version: 1 });
    const expected = firsts.flatMap((row) =>
      indexedIn(row.identifiers === null ? undefined : JSON.parse(row.identifiers)).map(
        ({ name, value }) => `${row.correlation_id} ${name}=${value}`,
      ),
    );
    const rows = await knex(`process_identifier${suffix}`).where({ is_hashed: 0 });
    const found = rows.map(({ correlation_id: id, name, value }) => `${id} ${name}=${value}`);
    expect(found.sort(), `process_identifier${suffix}`).toEqual(expected.sort());
  }
}
