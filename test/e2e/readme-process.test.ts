import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryFolder } from '../support/databases.ts';

const root = new URL('../../', import.meta.url);

/** The only block of this language in a page that has `mark` in it. */
function codeBlock(page: string, language: string, mark: string): string {
  const text = readFileSync(new URL(page, root), 'utf8');
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, found, body]) => found === language && body?.includes(mark))
    .map(([, , body]) => body ?? '');
  expect(blocks, `${page}: ${mark}`).toHaveLength(1);
  return blocks[0] ?? '';
}

describe('the process that the README adds', () => {
  const folder = temporaryFolder();
  let service: Service;

  beforeAll(async () => {
    const processes = join(folder.path, 'processes');
    const own = join(processes, 'quote-parcel');
    mkdirSync(own, { recursive: true });
    const index = codeBlock('README.md', 'ts', "key: 'quote-parcel'");
    writeFileSync(
      join(own, 'index.ts'),
      index
        .replaceAll("'../../", `'${new URL('domain/', root).pathname}`)
        .replace("'zod'", `'${new URL('node_modules/zod/index.js', root).pathname}'`),
    );
    writeFileSync(
      join(own, 'quote-parcel.bpmn'),
      codeBlock('docs/creating-a-process.md', 'xml', 'id="quote-parcel"'),
    );
    const config = readConfig({
      PORT: '0',
      DATA_DIR: join(folder.path, 'data'),
      PROCESSES_DIR: processes,
    });
    service = await startService(config, pino({ level: 'silent' }), {});
  });
  afterAll(async () => {
    await service?.stop();
    folder.remove();
  });

  async function start(weight: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${service.url}/api/process/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ processKey: 'quote-parcel', variables: { parcelId: 'p-1', weight } }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  it('answers as the README says', async () => {
    expect(await start(2.5)).toMatchObject({
      status: 200,
      body: { status: 'ok', result: { quote: 'p-1: 7.75' } },
    });
    expect(await start(31)).toMatchObject({ status: 422, body: { code: 'TOO_HEAVY' } });
    expect(await start('heavy')).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('variables.weight') },
    });
  });
});
