import { createInterface } from 'node:readline';
import { setEnvironmentData } from 'node:worker_threads';
import { Command } from 'commander';
import * as archive from '../../../src/cli/archive.ts';
import * as exportCommand from '../../../src/cli/export.ts';
import * as rebuild from '../../../src/cli/rebuild.ts';
import * as restore from '../../../src/cli/restore.ts';

/**
 * A process to be killed: reads the words of a command and the number of the statement before which `kill-at.ts` kills
 * it, then runs the command. Imports only what it needs, because tests start many of these one after the other.
 */
const program = new Command('fastify-camunda');
archive.configure(program.command('archive'));
restore.configure(program.command('restore'));
rebuild.configure(program.command('rebuild'));
exportCommand.configure(program.command('export'));
const lines = createInterface({ input: process.stdin });
process.stdout.write('ready\n');
lines.once('line', async (line) => {
  // An open standard input would keep the process alive.
  process.stdin.destroy();
  const { words, killAt } = JSON.parse(line) as { words: string[]; killAt: number };
  setEnvironmentData('kill-at', killAt);
  await program.parseAsync(words, { from: 'user' });
});
