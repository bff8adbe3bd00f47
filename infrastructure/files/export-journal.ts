import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { EXPORT_FORMATS } from './export-formats.ts';

const position = z.string().regex(/^\d{1,19}$/);

/** What an export is of; a run goes on with the file of another one when this is the same. */
const subject = z.object({
  format: z.enum(EXPORT_FORMATS),
  filter: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  archived: z.boolean(),
  /** The columns of a file that has columns: those of another release may be others. */
  columns: z.array(z.string()).optional(),
});
export type ExportSubject = z.infer<typeof subject>;

const first = z.object({ ...subject.shape, upTo: position });
/** So much of the file is whole and synced. */
const checkpoint = z.object({
  written: position,
  events: z.number().int(),
  bytes: z.number().int(),
  /** Parquet: of the row groups since the checkpoint before, in Base64. */
  entries: z.array(z.string()),
});
type Checkpoint = z.infer<typeof checkpoint>;

interface Journaled {
  subject: ExportSubject;
  /** The feed's head when the export began. */
  upTo: string;
  /** The last checkpoint, with the entries of all. */
  last: Checkpoint;
}

export interface Journal {
  add(checkpoint: Checkpoint): Promise<void>;
  close(): Promise<void>;
}

const BEGINNING: Checkpoint = { written: '0', events: 0, bytes: 0, entries: [] };

/** What was journaled, or null when that is nothing that could be gone on with. */
export function readJournal(path: string): Journaled | null {
  if (!existsSync(path)) return null;
  const lines = wholeLines(path);
  const head = first.safeParse(parsed(lines[0]));
  if (!head.success) return null;
  const { upTo, ...of } = head.data;
  let last = BEGINNING;
  const entries: string[] = [];
  for (const line of lines.slice(1)) {
    last = checkpoint.parse(parsed(line));
    entries.push(...last.entries);
  }
  return { subject: of, upTo, last: { ...last, entries } };
}

export async function beginJournal(
  path: string,
  of: ExportSubject,
  upTo: string,
): Promise<Journal> {
  return journalIn(await open(path, 'w'), { ...of, upTo });
}

/** Adds to one that was read; a line that its writer did not come to the end of is cut off. */
export async function goOnWithJournal(path: string): Promise<Journal> {
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
