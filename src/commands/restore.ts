import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import type { Command } from 'commander';
import { SetupError } from '../../domain/errors.ts';
import type { RestoreOutcome } from '../../domain/ports/archive.ts';
import { correlationIdSchema } from '../http/schemas.ts';
import { type Maintenance, runMaintenance } from '../maintenance/run-maintenance.ts';

/** What standard output says of a process. */
const SAID: Record<RestoreOutcome, string> = {
  restored: 'restored',
  'restored-before': 'restored before',
  live: 'is not archived',
  unknown: 'unknown',
  damaged:
    'not restored: it is live and archived at once, or archived in part; run fastify-camunda verify',
};

/** `restore`: brings archived processes back. */
export function registerRestore(program: Command): void {
  program
    .command('restore')
    .description('bring archived processes back, with all their events')
    .argument('[correlationIds...]', 'the processes')
    .option('--from <file>', 'read correlation ids from a file, one a line; - is standard input')
    .action(async (ids: string[], { from }: { from?: string }) => {
      if (ids.length > 0 === (from !== undefined)) {
        throw new SetupError('restore: give correlation ids, or --from with a file that has them');
      }
      await runMaintenance(
        (run) => restoreAll(from === undefined ? ids : linesOf(from, run.signal), run),
        { locks: [['tables', 'shared']] },
      );
    });
}

/**
 * Restores one process after the other, each in a transaction of its own, and prints a line for each. The
 * exit code is 1 when some are not there afterwards.
 */
async function restoreAll(
  ids: readonly string[] | AsyncIterable<string>,
  { database, progress, signal }: Maintenance,
): Promise<void> {
  let [done, left] = [0, 0];
  progress.start('restore', Array.isArray(ids) ? ids.length : 0);
  for await (const id of ids) {
    if (signal.aborted) break;
    // No process has an id that a start would refuse; cut to length it might be another's.
    const valid = correlationIdSchema.safeParse(id).success;
    const outcome = valid ? await database.archive.restore(id) : 'unknown';
    if (outcome !== 'restored' && outcome !== 'restored-before') left++;
    progress.print(`${id} ${SAID[outcome]}`);
    progress.update(++done, { left });
  }
  if (left > 0) process.exitCode = 1;
}

/** The lines of a file that are not empty, until the signal fires; `-` is standard input. */
async function* linesOf(file: string, signal: AbortSignal): AsyncGenerator<string> {
  // Taken as it comes: a long list needs no more memory than a short one.
  const input = file === '-' ? process.stdin : createReadStream(file);
  let rest = '';
  try {
    for await (const chunk of addAbortSignal(signal, input).setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.map((line) => line.trim()).filter((line) => line !== '');
    }
  } catch (cause) {
    // Nothing more will come from whoever waits at the keyboard.
    if (signal.aborted) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`restore: --from ${file} cannot be read: ${reason}`, { cause });
  }
  if (rest.trim() !== '') yield rest.trim();
}
