import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { startPartner } from '../../../src/cli/partner-service.ts';
import { runProgram } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { startTestService } from '../../support/service.ts';

const EXAMPLE = fileURLToPath(new URL('../../../docs/examples/use-client.mjs', import.meta.url));

it('the example of the client does what it says against the shipped processes', async () => {
  const partner = await startPartner({ port: 0 });
  const service = await startTestService({ PROCESSES_DIR: '', PARTNER_URL: partner.url });
  try {
    const built = pathToFileURL(await builtFile('src/client/index.ts')).href;
    const program = join(service.folder.path, 'use-client.mjs');
    const text = readFileSync(EXAMPLE, 'utf8');
    writeFileSync(program, text.replace("'fastify-camunda/client'", `'${built}'`));
    const lines = (await runProgram(process.execPath, [program, service.url])).trim().split('\n');
    expect(lines[0]).toMatch(/^result /);
    expect(lines.join('\n')).toContain('refused BACKGROUND_CHECK_REFUSED');
    expect(lines).toContain('process-started');
    expect(lines.slice(-2)).toEqual(['process-completed', 'ok']);
  } finally {
    await service.stop();
    await partner.stop();
    service.folder.remove();
  }
});
