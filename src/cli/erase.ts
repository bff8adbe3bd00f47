import type { Command } from 'commander';
import {
  EngineRefusedError,
  EngineUnavailableError,
  SetupError,
  StoreUnavailableError,
} from '../../domain/common/index.ts';
import { deleteHistory } from '../../domain/engine/index.ts';
import { type EraseAnswer, eraseProcess } from '../../domain/personal-data/index.ts';
import { correlationIdSchema } from '../../domain/process/index.ts';
import { openEngineForErasure } from './maintenance/engine-for-erasure.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';
import { checkIds, idsFrom } from './read-lines.ts';

/** `erase`: destroys the keys of personal data. */
export function configure(command: Command): void {
  command
    .argument('[correlationIds...]', 'the processes')
    .option('--from <file>', 'read correlation ids from a file, one a line; - is standard input')
    .action(async (ids: string[], { from }: { from?: string }) => {
      checkIds('erase', ids, from);
      await runMaintenance((run) => eraseAll(idsFrom('erase', ids, from, run.signal), run));
    });
}

/**
 * Erases one process after the other and prints a line for each. The exit code is 1 when something of some of
 * them is left.
 */
async function eraseAll(
  ids: readonly string[] | AsyncIterable<string>,
  { config, database, log, progress, signal }: Maintenance,
): Promise<void> {
  const { eventStore, processKeys } = database;
  if (config.PERSONAL_DATA_KEY === '') {
    process.stderr.write(
      'PERSONAL_DATA_KEY is not set: processes that start so are stored in the clear, and cannot be erased\n',
    );
  }
  const opened = await openEngineForErasure(config, log);
  let [done, left, erased] = [0, 0, 0];
  try {
    progress.start('erase', Array.isArray(ids) ? ids.length : 0);
    for await (const id of ids) {
      if (signal.aborted) break;
      const answer = await erase(id);
      const isErased = answer.kind === 'erased' || answer.kind === 'erased-before';
      const inEngine = isErased ? await leftInEngine(id) : null;
      if (isErased) erased++;
      if (!isErased || answer.inTheClear || inEngine?.isLeft) left++;
      progress.print(`${id} ${[said(answer), inEngine?.said].filter(Boolean).join('; ')}`);
      progress.update(++done, { left });
    }
  } finally {
    await opened?.close();
  }
  if (erased > 0 && !(await processKeys.scrub())) {
    process.stderr.write(
      'the keys are destroyed, but a long reader kept their old place in the write-ahead log; run the command once more\n',
    );
    left++;
  }
  if (left > 0) process.exitCode = 1;

  async function erase(id: string): Promise<EraseAnswer> {
    // No process has an id that a start would refuse; cut to length it might be another's.
    if (!correlationIdSchema.safeParse(id).success) return { kind: 'unknown' };
    try {
      return await eraseProcess(id, { eventStore, processKeys });
    } catch (cause) {
      if (!(cause instanceof StoreUnavailableError)) throw cause;
      throw new SetupError(`erase: stopped at ${id}: ${cause.message}; run it again`, { cause });
    }
  }

  /** What the engine may still hold afterwards, in words; null when it is nothing. */
  async function leftInEngine(id: string): Promise<{ said: string; isLeft: boolean } | null> {
    if (!opened) return later(config.RECONCILE_EVERY_MS);
    try {
      await deleteHistory(id, { eventStore, processKeys, engine: opened.engine });
      return null;
    } catch (error) {
      const isEngine =
        error instanceof EngineUnavailableError || error instanceof EngineRefusedError;
      if (!isEngine) throw error;
      const said = `what the process engine holds of it is left: ${error.message}; run the command again, or leave it to the reconciler of a running service`;
      return { said, isLeft: true };
    }
  }
}

/** A running service has the embedded engine in its hands, and looks at what is left every so often. */
function later(everyMs: number): { said: string; isLeft: boolean } {
  return everyMs > 0
    ? {
        said: `the running service deletes it from its engine within ${Math.ceil(everyMs / 1_000)} s`,
        isLeft: false,
      }
    : {
        said: 'what the engine of the running service holds of it is left: RECONCILE_EVERY_MS is 0; stop the service and run the command again',
        isLeft: true,
      };
}

function said(answer: EraseAnswer): string {
  switch (answer.kind) {
    case 'erased':
    case 'erased-before': {
      const when = answer.kind === 'erased' ? 'erased' : `erased before, at ${answer.erasedAt}`;
      return answer.inTheClear
        ? `${when}; what it wrote before there was a PERSONAL_DATA_KEY is stored in the clear and stays`
        : when;
    }
    case 'pending':
      return 'not erased: it is pending; cancel it first, or wait for its end';
    case 'no-key':
      return 'not erased: nothing of it is encrypted; its process marks nothing as personal, or it ran without PERSONAL_DATA_KEY';
    case 'unknown':
      return 'unknown';
    default:
      return answer satisfies never;
  }
}
