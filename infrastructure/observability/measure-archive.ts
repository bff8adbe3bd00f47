import { type Metrics, secondsSince } from './metrics.ts';

/** Runs the archiving, and counts what it moved. */
export async function measureArchive<Moved extends { processes: number; events: number }>(
  metrics: Pick<Metrics, 'archiveRun' | 'archived'>,
  run: () => Promise<Moved>,
): Promise<Moved> {
  const began = performance.now();
  let outcome = 'error';
  try {
    const moved = await run();
    outcome = 'ok';
    metrics.archived.inc({ what: 'processes' }, moved.processes);
    metrics.archived.inc({ what: 'events' }, moved.events);
    return moved;
  } finally {
    metrics.archiveRun.observe({ outcome }, secondsSince(began));
  }
}
