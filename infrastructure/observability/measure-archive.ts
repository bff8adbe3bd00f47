import { type Metrics, secondsSince } from './metrics.ts';

/** The rows that a batch moved, and the milliseconds that its transaction took. */
interface Batch {
  processes: number;
  events: number;
  ms: number;
}

/** `ok`: the run archived everything that was due; `stopped`: it was stopped before. */
export type RunOutcome = 'ok' | 'stopped';

/**
 * Measures an archive run. Rows are counted after each batch, since a run may take hours.
 *
 * @param run calls the function it is given after each batch
 */
export async function measureArchive<Result>(
  metrics: Pick<Metrics, 'archiveRun' | 'archiveBatch' | 'archived' | 'archiveCompleted'>,
  run: (onBatch: (batch: Batch) => void) => Promise<{ outcome: RunOutcome; result: Result }>,
): Promise<Result> {
  const began = performance.now();
  let outcome: RunOutcome | 'error' = 'error';
  try {
    const done = await run(({ processes, events, ms }) => {
      metrics.archiveBatch.observe(ms / 1_000);
      metrics.archived.inc({ what: 'processes' }, processes);
      metrics.archived.inc({ what: 'events' }, events);
    });
    outcome = done.outcome;
    if (outcome === 'ok') metrics.archiveCompleted.setToCurrentTime();
    return done.result;
  } finally {
    metrics.archiveRun.observe({ outcome }, secondsSince(began));
  }
}
