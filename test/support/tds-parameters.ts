import type { Database } from '../../infrastructure/sql/database.ts';

/** The parameters of an RPC to sp_executesql, by name, with the types that they are sent as. */
export function declarations(text: string): Record<string, string> {
  const list = /((?:@\w+ (?:n?varchar\((?:\d+|max)\)|[a-z]+\d?(?:\(\d+\))?)(?:, )?)+)(?=[^\s,])/g;
  const longest = [...text.matchAll(list)]
    .map(([found]) => found)
    .sort((a, b) => b.length - a.length);
  const found = (longest[0] ?? '').matchAll(/@(\w+) ([a-z]+\d?(?:\((?:\d+|max)\))?)/g);
  return Object.fromEntries([...found].map(([, name, type]) => [name, type]));
}

/** The type of every column that has the same one wherever it is. */
export async function columnTypes({ knex }: Database): Promise<Map<string, string>> {
  const rows = await knex('INFORMATION_SCHEMA.COLUMNS')
    .whereIn('TABLE_NAME', ['event_log', 'outbox', 'process_store', 'process_key'])
    .select('COLUMN_NAME', 'DATA_TYPE', 'CHARACTER_MAXIMUM_LENGTH');
  return new Map(
    rows.map((row) => {
      const length = row.CHARACTER_MAXIMUM_LENGTH;
      const size = length === null ? '' : `(${length === -1 ? 'max' : length})`;
      const type = row.DATA_TYPE === 'datetime2' ? 'datetime2(3)' : `${row.DATA_TYPE}${size}`;
      return [row.COLUMN_NAME as string, type];
    }),
  );
}
