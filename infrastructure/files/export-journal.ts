import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { EXPORT_FORMATS } from './export-formats.ts';

const position = z.string().regex(/^\d{1,19}$/);

/** What an export is of; a run resumes another one when this is the same. */
const subject = z.object({
  format: z.enum(EXPORT_FORMATS),
  filter: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  archived: z.boolean(),
  /** The columns of a file that has columns: those of another release may be others. */
  columns: z.array(z.string()).optional(),
});
export type ExportSubject = z.infer<typeof subject>;

const first = z.object({ ...subject.shape, upTo: position });
/** So much is whole and synced. */
const checkpoint = z.object({
  /** Of the feed. */
  position,
  /** Of all files. */
  events: z.number().int(),
  bytes: z.number().int(),
  /** Files that are whole. */
  files: z.number().int(),
  /** Bytes of the file behind them. */
  fileBytes: z.number().int(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

interface Journaled {
  subject: ExportSubject;
  /** The feed's head when the export began. */
  upTo: string;
  last: Checkpoint;
}

export interface Journal {
  add(checkpoint: Checkpoint): Promise<void>;
  close(): Promise<void>;
}

export const BEGINNING: Checkpoint = {
  position: '0',
  ...{ events: 0, bytes: 0, files: 0, fileBytes: 0 },
};

/** What was journaled, or null when this release cannot resume it. */
export function readJournal(path: string): Journaled | null {
  if (!existsSync(path)) return null;
  const [head, ...checkpoints] = wholeLines(path);
  const begun = first.safeParse(parsed(head));
  const line = checkpoints.at(-1);
  const last = line === undefined ? { data: BEGINNING } : checkpoint.safeParse(parsed(line));
  if (!begun.success || !last.data) return null;
  const { upTo, ...of } = begun.data;
  return { subject: of, upTo, last: last.data };
}

export async function beginJournal(
  path: string,
  of: ExportSubject,
  upTo: string,
): Promise<Journal> {
  return journalIn(await open(path, 'w'), { ...of, upTo });
}

/** Adds to one that was read; a line that its writer did not come to the end of is cut off. */
export async function resumeJournal(path: string): Promise<Journal> {
  const bytes = wholeLines(path).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  await truncate(path, bytes);
  return journalIn(await open(path, 'a'));
}

async function journalIn(handle: FileHandle, head?: object): Promise<Journal> {
  const write = (line: object): Promise<void> => handle.appendFile(`${JSON.stringify(line)}\n`);
  if (head) await write(head);
  return { add: write, close: () => handle.close() };
}

function wholeLines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

function parsed(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '');
  } catch {
    // The file of somebody else.
    return undefined;
  }
}
