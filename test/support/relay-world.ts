import type { OutboxRow } from '../../domain/outbox/outbox.ts';
import type { Delivery, Job, JobHandlers } from '../../domain/outbox/queue.ts';
import { outboxRowOf } from '../../jobs/event-jobs.ts';
import { createRelay, type Relay, type RelayOptions } from '../../jobs/relay-outbox.ts';
import { databaseKinds, type TestDatabase } from './databases.ts';
import { policies, silent } from './queues.ts';

export const LEASE_MS = 60_000;
/** No second attempt in the queue: the relay sees every failure. */
export const ONCE = policies({ attempts: 1, backoff: 1, maxBackoff: 1 });

function sqlite() {
  const kind = databaseKinds().find(({ name }) => name === 'SQLite');
  if (!kind) throw new Error('no SQLite');
  return kind;
}

/** A database whose new rows go to the relay, and what the queue's handlers have seen. */
export function createWorld() {
  const runs: (Job & Delivery)[] = [];
  const work = { does: async (_job: Job): Promise<void> => {} };
  const handler = async (job: Job, delivery: Delivery): Promise<void> => {
    runs.push({ ...job, ...delivery });
    await work.does(job);
  };
  const handlers: JobHandlers = {
    'start-instance': handler,
    'retry-instance': handler,
    'cancel-instance': handler,
    'project-process': handler,
  };
  const clock = { now: Date.now() };
  const relays: Relay[] = [];
  let nudge: (rows: readonly OutboxRow[]) => void = () => {};
  return {
    runs,
    work,
    handlers,
    clock,
    relays,
    open: (leaseMs = LEASE_MS): Promise<TestDatabase> =>
      sqlite().open({
        clock: () => clock.now,
        leaseMs,
        onAppended: (events) => nudge(events.map(outboxRowOf)),
      }),
    relay(ports: Pick<RelayOptions, 'outbox' | 'queue' | 'isDeadLetter'>): Relay {
      const relay = createRelay({
        ...ports,
        log: silent,
        pollMs: 20,
        leaseMs: LEASE_MS,
        batch: 20,
      });
      relays.push(relay);
      return relay;
    },
    nudges(relay: Relay): void {
      nudge = relay.publish;
    },
  };
}

export type World = ReturnType<typeof createWorld>;
