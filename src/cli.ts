import { Command } from 'commander';
import { registerApiKey } from './commands/api-key.ts';
import { registerArchive } from './commands/archive.ts';
import { registerDemo } from './commands/demo.ts';
import { registerErase } from './commands/erase.ts';
import { registerExport } from './commands/export.ts';
import { registerJobs } from './commands/jobs.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerPartner } from './commands/partner.ts';
import { registerRebuild } from './commands/rebuild.ts';
import { registerRestore } from './commands/restore.ts';
import { registerRewrapKeys } from './commands/rewrap-keys.ts';
import { registerServe } from './commands/serve.ts';
import { registerVerify } from './commands/verify.ts';
import { failInOneLine, sayFailure } from './explain-failure.ts';
import { VERSION } from './version.ts';

/** Runs the command line. What ends it is told in one line, with exit code 1. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = new Command('fastify-camunda')
    .description('A dependable REST front for BPMN processes on Camunda 7 or Operaton')
    .version(VERSION)
    .showHelpAfterError('(--help lists the options)');
  registerServe(program);
  registerDemo(program);
  registerMigrate(program);
  registerApiKey(program);
  registerJobs(program);
  registerArchive(program);
  registerRestore(program);
  registerExport(program);
  registerErase(program);
  registerRewrapKeys(program);
  registerPartner(program);
  registerVerify(program);
  registerRebuild(program);
  const write = (text: string): void => void process.stderr.write(text);
  failInOneLine(write);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    sayFailure(error, write);
    process.exitCode = 1;
  }
}
