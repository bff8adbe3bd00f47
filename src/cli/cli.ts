import { Command } from 'commander';
import { failInOneLine, sayFailure } from '../composition/lifecycle/explain-failure.ts';
import { VERSION } from '../composition/lifecycle/version.ts';
import { registerApiKey } from './api-key.ts';
import { registerArchive } from './archive.ts';
import { registerDemo } from './demo.ts';
import { registerErase } from './erase.ts';
import { registerExport } from './export.ts';
import { registerJobs } from './jobs.ts';
import { registerMigrate } from './migrate.ts';
import { registerPartner } from './partner.ts';
import { registerRebuild } from './rebuild.ts';
import { registerRestore } from './restore.ts';
import { registerRewrapKeys } from './rewrap-keys.ts';
import { registerServe } from './serve.ts';
import { registerVerify } from './verify.ts';

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
