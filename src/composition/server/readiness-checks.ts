import type { Engine } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { HealthCheck } from '../../http/parts/server-parts.ts';
import type { EngineContact } from '../engine/engine-contact.ts';
import type { ProcessEngine } from '../engine/process-engine.ts';

/** The dependencies of a service instance; `trouble` is one line, or null. */
interface ReadinessParts {
  database: Pick<Database, 'ping'>;
  queue: Pick<Queue, 'ready'>;
  transport: { trouble(): string | null };
  opened: { trouble(): string | null; contact: Pick<EngineContact, 'isFresh'> };
  engine: Pick<Engine, 'version'>;
  isWorker: boolean;
}

/** The checks of `/health/ready`; each rejects with the reason. */
export function readinessChecks({
  database,
  queue,
  transport,
  opened,
  engine,
  isWorker,
}: ReadinessParts): Record<string, HealthCheck> {
  // Without the role `worker` the engine is needed only until the processes are deployed.
  const needsEngine = isWorker || opened.trouble() !== null;
  return {
    database: () => database.ping(),
    queue: async () => {
      failOn(transport.trouble());
      if (!(await queue.ready())) throw new Error('accepts no jobs');
    },
    ...(needsEngine
      ? {
          engine: async () => {
            failOn(opened.trouble());
            if (isWorker && !opened.contact.isFresh()) await engine.version();
          },
        }
      : {}),
  };
}

/** Instances of the embedded engine that stand still, which a restart does not change. */
export function readinessNotes({ unreadable }: Pick<ProcessEngine, 'unreadable'>): string[] {
  const found = unreadable();
  const [first] = found;
  if (!first) return [];
  // Without the reason, which may quote variables: everybody may read this.
  return [
    `engine: process instances that stand still because their state cannot be read: ${found.length}, for example ${first.rootProcessInstanceId}`,
  ];
}

function failOn(trouble: string | null): void {
  if (trouble !== null) throw new Error(trouble);
}
