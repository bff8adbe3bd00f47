import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const READER = await builtFile('test/support/programs/cancelled-reader.ts');
const TIMES = 300;

it('a read that is cancelled while its thread fails to open the file does not end the process', async () => {
  const folder = temporaryFolder();
  const ended = await runProgram(process.execPath, [
    READER,
    join(folder.path, 'missing.db'),
    String(TIMES),
  ]);
  folder.remove();
  expect(ended).toBe(`${TIMES} refused`);
});
