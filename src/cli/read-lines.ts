import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { SetupError } from '../../domain/common/index.ts';

/** The processes that a command is for: named as arguments, or by the lines of a file. */
export function idsFrom(
  command: string,
  ids: readonly string[],
  from: string | undefined,
  signal: AbortSignal,
): readonly string[] | AsyncIterable<string> {
  return from === undefined ? ids : readLines(command, from, signal);
}

/** @throws SetupError unless there are either ids or a file that has them */
export function checkIds(command: string, ids: readonly string[], from: string | undefined): void {
  if (ids.length > 0 !== (from !== undefined)) return;
  throw new SetupError(`${command}: give correlation ids, or --from with a file that has them`);
}

/** The lines of a file that are not empty, until the signal fires; `-` is standard input. */
async function* readLines(
  command: string,
  file: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
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
    // The user at the keyboard has ended the input.
    if (signal.aborted) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`${command}: --from ${file} cannot be read: ${reason}`, { cause });
  }
  if (rest.trim() !== '') yield rest.trim();
}
