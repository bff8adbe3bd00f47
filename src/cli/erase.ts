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
 * Erases one process after the other and prints a line for each. The exit code is 1 when some of them
 * are not erased completely.
 */
async function eraseAll(
  ids: readonly string[] | AsyncIterable<string>,
  { config, database, log, progress, signal, audited }: Maintenance,
): Promise<void> {
  const { eventStore, processKeys } = database;
  if (config.PERSONAL_DATA_KEY === '') {
    process.stderr.write(
      'PERSONAL_DATA_KEY is not set: processes that start without it are stored in plain text and cannot be erased\n',
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
      progress.print(`${id} ${[textOf(answer), inEngine?.text].filter(Boolean).join('; ')}`);
      progress.update(++done, { left });
    }
  } finally {
    await opened?.close();
  }
  if (erased > 0 && !(await processKeys.scrub())) {
    process.stderr.write(
      'the keys are destroyed, but a long read keeps them in the write-ahead log; run the command again\n',
    );
    left++;
  }
  if (left > 0) process.exitCode = 1;

  async function erase(id: string): Promise<EraseAnswer> {
    // No process has an id that a start would refuse; cut to length it might be another's.
    if (!correlationIdSchema.safeParse(id).success) return { kind: 'unknown' };
    try {
      return await audited(
        { action: 'erase', subject: id },
        () => eraseProcess(id, { eventStore, processKeys }),
        ({ kind }) => ({
          outcome: kind === 'erased' || kind === 'erased-before' ? 'done' : 'refused',
          details: { kind },
        }),
      );
    } catch (cause) {
      if (!(cause instanceof StoreUnavailableError)) throw cause;
      throw new SetupError(`erase: stopped at ${id}: ${cause.message}; run it again`, { cause });
    }
  }

  /** What the engine may still hold afterwards; null when it holds nothing. */
  async function leftInEngine(id: string): Promise<{ text: string; isLeft: boolean } | null> {
    if (!opened) return later(config.RECONCILE_EVERY_MS);
    try {
      await deleteHistory(id, { eventStore, processKeys, engine: opened.engine });
      return null;
    } catch (error) {
      const isEngine =
        error instanceof EngineUnavailableError || error instanceof EngineRefusedError;
      if (!isEngine) throw error;
      const text = `its data in the process engine was not deleted: ${error.message}; run the command again, or leave it to the reconciler of a running service`;
      return { text, isLeft: true };
    }
  }
}

/** The embedded engine belongs to the running service, whose reconciler deletes the rest. */
function later(everyMs: number): { text: string; isLeft: boolean } {
  return everyMs > 0
    ? {
        text: `the running service deletes it from its engine within ${Math.ceil(everyMs / 1_000)} s`,
        isLeft: false,
      }
    : {
        text: 'its data in the engine of the running service is not deleted, because RECONCILE_EVERY_MS is 0; stop the service and run the command again',
        isLeft: true,
      };
}

function textOf(answer: EraseAnswer): string {
  switch (answer.kind) {
    case 'erased':
    case 'erased-before': {
      const when = answer.kind === 'erased' ? 'erased' : `erased before, at ${answer.erasedAt}`;
      return answer.inTheClear
        ? `${when}; what was written before PERSONAL_DATA_KEY was set is in plain text and stays`
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
