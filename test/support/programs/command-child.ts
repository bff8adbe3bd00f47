import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { registerArchive } from '../../../src/cli/archive.ts';
import { registerExport } from '../../../src/cli/export.ts';
import { registerRebuild } from '../../../src/cli/rebuild.ts';
import { registerRestore } from '../../../src/cli/restore.ts';

/**
 * A process to be killed: runs the command that it is told, a JSON list of its words. Imports no more of the
 * command line than it needs: many of these are started one after the other.
 */
const program = new Command('fastify-camunda');
registerArchive(program);
registerRestore(program);
registerRebuild(program);
registerExport(program);
const lines = createInterface({ input: process.stdin });
process.stdout.write('ready\n');
lines.once('line', async (line) => {
  // Open, it would keep the process from its end.
  process.stdin.destroy();
  await program.parseAsync(JSON.parse(line) as string[], { from: 'user' });
});
