import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/databases.ts';
import { requested } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

describe('an event with text that is not Unicode, accepted by an older release,', () => {
  const folder = temporaryFolder();
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
    const event = requested();
    const variables = { note: 'half \ud800 of a pair', whole: '😀 \\ud800', '\udc00': 'name' };
    await parts.database.eventStore.append('older', [
      { ...event, data: { ...event.data, variables } } as typeof event,
    ]);
  });
  afterAll(async () => {
    await parts?.stop();
    folder.remove();
  });

  it('leaves the whole export readable for DuckDB', async () => {
    const answer = await fetch(`${parts.api.url}/api/events?format=ndjson`);
    const file = join(folder.path, 'events.ndjson');
    writeFileSync(file, await answer.text());
    const connection = await (await DuckDBInstance.create()).connect();
    const read = await connection.runAndReadAll(
      `SELECT data->'variables'->>'note' AS note, data->'variables'->>'whole' AS whole FROM read_ndjson('${file}', columns = {data: 'JSON'})`,
    );
    expect(read.getRowObjects()).toEqual([{ note: 'half \ufffd of a pair', whole: '😀 \\ud800' }]);
  });

  it('has no half of a pair in the JSON of CSV either', async () => {
    const answer = await fetch(`${parts.api.url}/api/events?format=csv`);
    const text = await answer.text();
    expect(text).toContain('half \\ufffd of a pair');
    expect(text).toContain('😀 \\\\ud800');
    expect(text).not.toMatch(/[^\\]\\u[dD][89a-f]/);
  });
});
