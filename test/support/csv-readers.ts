import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { isOnPath } from './children.ts';

/** The records of a CSV file, the names of its columns among them. What is nothing may be null or an empty text. */
export type CsvReader = (file: string) => Promise<(string | null)[][]>;

/** Python's csv module as its manual says to use it. It knows no difference between nothing and an empty text. */
export async function readWithPython(file: string): Promise<(string | null)[][]> {
  if (!isOnPath('python3')) {
    throw new Error('there is no python3: install it, e.g. `apt-get install python3`');
  }
  const program = `
import csv, json, sys
csv.field_size_limit(sys.maxsize)
with open(sys.argv[1], newline='', encoding='utf-8') as file:
    json.dump(list(csv.reader(file, strict=True)), sys.stdout)
`;
  const { stdout, stderr, status } = spawnSync('python3', ['-c', program, file], {
    encoding: 'utf8',
    maxBuffer: 200_000_000,
  });
  if (status !== 0) throw new Error(`Python could not read the file: ${stderr}`);
  return JSON.parse(stdout);
}

/** DuckDB, told only that everything is a text, and that "" is one. */
export async function readWithDuckDb(file: string): Promise<(string | null)[][]> {
  const read = `read_csv('${file}', header = false, all_varchar = true, delim = ',', quote = '"', escape = '"',
    nullstr = '', allow_quoted_nulls = false, max_line_size = 20000000)`;
  // By way of a file: its binding for Node takes a byte order mark from the beginning of a text.
  await queryDuckDb(`COPY (SELECT * FROM ${read}) TO '${file}.json' (FORMAT json)`);
  const lines = readFileSync(`${file}.json`, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Object.values(JSON.parse(line)));
}

/** How many rows DuckDB finds in a file of which it is told nothing. */
export async function countWithDuckDb(file: string): Promise<number> {
  const [[count] = []] = await queryDuckDb(`SELECT count(*)::VARCHAR FROM '${file}'`);
  return Number(count);
}

/** The rows of a query, in a DuckDB of its own; times as texts of the session's zone. */
export async function queryDuckDb(
  sql: string,
  session: readonly string[] = [],
): Promise<(string | null)[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const statement of session) await connection.run(statement);
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowsJson() as (string | null)[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Writes bytes to a file and gives back its name. */
export function fileOf(path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}
