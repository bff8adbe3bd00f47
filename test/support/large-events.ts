import type { ProcessEvent } from '../../domain/process/events.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { completed, requested, stepCompleted } from './events.ts';

const MB = 1_000_000;
/** Different for each event, so that no program can share one copy. */
const text = (nth: number, length = MB): string => `${nth} `.padEnd(length, 'large text ');

export interface LargeEvents {
  /** Processes with a start and a result of 1 MB each, all of one trace. */
  processes: number;
  /** Events of 1 MB of the process `long`. */
  long: number;
  /** The traceability id of all these processes. */
  trace: string;
}

/** Writes events of 1 MB into a database that no service uses yet, without outbox rows. */
export async function writeLargeEvents(file: string, { processes, long, trace }: LargeEvents) {
  const database = await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended() {} });
  const traced = <Event extends ProcessEvent>(event: Event): Event => ({
    ...event,
    identity: { ...event.identity, traceabilityId: trace },
  });
  try {
    for (let nth = 0; nth < processes; nth++) {
      const start = requested();
      if (start.type !== 'process-requested') throw new Error('no start');
      const id = `large-${nth}`;
      await database.eventStore.append(id, [
        traced({ ...start, data: { ...start.data, variables: { text: text(nth) } } }),
        traced(completed({ text: text(nth) })),
      ]);
      await database.processStore.project(id);
    }
    await database.eventStore.append('long', [requested()]);
    for (let nth = 1; nth < long; nth++) {
      const step = stepCompleted(`long-${nth}`);
      if (step.type !== 'step-completed') throw new Error('no step');
      await database.eventStore.append('long', [
        { ...step, data: { ...step.data, output: { text: text(nth) } } },
      ]);
    }
    await database.knex('outbox').delete();
  } finally {
    await database.close();
  }
}
