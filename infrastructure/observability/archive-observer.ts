import { type Metrics, secondsSince } from './metrics.ts';

/** What a batch moved, and the milliseconds that its transaction took. */
interface Batch {
  processes: number;
  events: number;
  ms: number;
}

interface Run<Result> {
  outcome: 'ok' | 'stopped';
  result: Result;
}

/** Measures the archiving, batch by batch: a run may take hours. */
export function createArchiveObserver(
  metrics: Pick<
    Metrics,
    'archiveRun' | 'archiveBatch' | 'archived' | 'archiveCompleted' | 'purged'
  >,
) {
  return {
    /** @param run is given what to call after each batch */
    async archiveRun<Result>(
      run: (onBatch: (batch: Batch) => void) => Promise<Run<Result>>,
    ): Promise<Result> {
      const began = performance.now();
      let outcome: Run<Result>['outcome'] | 'error' = 'error';
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
    },
    onPurged({ processes, events }: Omit<Batch, 'ms'>): void {
      metrics.purged.inc({ what: 'processes' }, processes);
      metrics.purged.inc({ what: 'events' }, events);
    },
  };
}
