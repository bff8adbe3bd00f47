import { z } from 'zod';

const count = z.int().min(0);

const schema = z.object({
  /** The run that owns the checkpoint; another value means that another run has taken over. */
  run: z.string(),
  /** Release and schema version of the code that folds. */
  madeBy: z.string(),
  processKey: z.string().nullable(),
  /** What is being done; `swapped`: only the replaced tables are left to be dropped. */
  phase: z.enum(['live', 'archived', 'catch-up', 'swapped']),
  /** Last correlation id of the partition that is folded. */
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

/** How far a rebuild is: saved with every page, so that the next run can resume. */
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

/** Null for a text that another release wrote in another form. */
export function parseCheckpoint(text: string | null): Checkpoint | null {
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
