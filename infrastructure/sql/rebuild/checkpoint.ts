import { z } from 'zod';

const count = z.int().min(0);

const schema = z.object({
  /** Of the run that goes on with it: another one has taken over when it is another. */
  run: z.string(),
  release: z.string(),
  schemaVersion: z.int(),
  processKey: z.string().nullable(),
  /** What is being done; `exchanged`: only the old tables are left to be removed. */
  phase: z.enum(['live', 'archive', 'catch-up', 'exchanged']),
  /** Last id of the side that is folded. */
  after: z.string(),
  /** Every event up to this id is folded by the end of the phase before `catch-up`. */
  mark: count,
  /** How often processes had been moved when the first one was folded. */
  moves: count,
  counts: z.object({
    processes: count,
    events: count,
    /** Events read, those of other processes included. */
    read: count,
    wrong: count,
    missing: count,
    phantom: count,
  }),
});

/** How far a rebuild is: kept in the database with every page, so that the next run can go on. */
export type Checkpoint = z.infer<typeof schema>;
export type Counts = Checkpoint['counts'];

export const NO_COUNTS: Counts = {
  processes: 0,
  events: 0,
  read: 0,
  wrong: 0,
  missing: 0,
  phantom: 0,
};

/** Null for a text that is none, or one of another release's form. */
export function parseCheckpoint(text: string | null): Checkpoint | null {
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
