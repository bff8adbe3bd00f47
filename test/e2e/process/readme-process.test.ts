import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../../support/commands.ts';
import { quoteParcel, writeReadmeProcess } from '../../support/process-folders.ts';
import { createFolder } from '../../support/service.ts';

describe('the process that the README adds, in a folder outside of the clone', () => {
  const folder = createFolder();
  let service: ServiceProcess;

  beforeAll(async () => {
    const processes = join(folder.path, 'processes');
    writeReadmeProcess(processes);
    // What else is in such a folder.
    for (const other of ['node_modules/zod', '.git', '.vscode']) {
      mkdirSync(join(processes, other), { recursive: true });
    }
    service = await startServiceProcess(folder, { PROCESSES_DIR: processes });
  });
  afterAll(async () => {
    service?.kill('SIGTERM');
    await service?.ended;
    folder.remove();
  });

  it('answers as the README says', async () => {
    expect(await quoteParcel(service.url, 2.5)).toMatchObject({
      status: 200,
      body: { status: 'ok', result: { quote: 'p-1: 7.75' } },
    });
    expect(await quoteParcel(service.url, 31)).toMatchObject({
      status: 422,
      body: { code: 'TOO_HEAVY' },
    });
    expect(await quoteParcel(service.url, 'heavy')).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('variables.weight') },
    });
  });
});
