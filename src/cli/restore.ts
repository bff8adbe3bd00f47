import type { Command } from 'commander';
import type { RestoreOutcome } from '../../domain/archive/index.ts';
import { correlationIdSchema } from '../../domain/process/index.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';
import { checkIds, idsFrom } from './read-lines.ts';

/** What is printed behind the id of a process. */
const OUTCOME_TEXTS: Record<RestoreOutcome, string> = {
  restored: 'restored',
  'restored-before': 'restored before',
  live: 'is not archived',
  unknown: 'unknown',
  damaged:
    'not restored: it is live and archived at once, or archived in part; run fastify-camunda verify',
};

/** `restore`: brings archived processes back. */
export function configure(command: Command): void {
  command
    .argument('[correlationIds...]', 'the processes')
    .option('--from <file>', 'read correlation ids from a file, one a line; - is standard input')
    .action(async (ids: string[], { from }: { from?: string }) => {
      checkIds('restore', ids, from);
      await runMaintenance((run) => restoreAll(idsFrom('restore', ids, from, run.signal), run), {
        locks: [['tables', 'shared']],
      });
    });
}

/**
 * Restores one process after the other, each in a transaction of its own, and prints a line for each. The
 * exit code is 1 when some are not there afterwards.
 */
async function restoreAll(
  ids: readonly string[] | AsyncIterable<string>,
  { database, progress, signal, audited }: Maintenance,
): Promise<void> {
  let [done, left] = [0, 0];
  progress.start('restore', Array.isArray(ids) ? ids.length : 0);
  for await (const id of ids) {
    if (signal.aborted) break;
    // No process has an id that a start would refuse; cut to length it might be another's.
    const valid = correlationIdSchema.safeParse(id).success;
    const outcome = valid
      ? await audited(
          { action: 'restore', subject: id },
          () => database.archive.restore(id),
          (kind) => ({ outcome: isLive(kind) ? 'done' : 'refused', details: { kind } }),
        )
      : 'unknown';
    if (outcome !== 'restored' && outcome !== 'restored-before') left++;
    progress.print(`${id} ${OUTCOME_TEXTS[outcome]}`);
    progress.update(++done, { left });
  }
  if (left > 0) process.exitCode = 1;
}

const isLive = (outcome: RestoreOutcome): boolean => outcome !== 'unknown' && outcome !== 'damaged';
