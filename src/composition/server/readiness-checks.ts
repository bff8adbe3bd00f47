import type { Engine } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { HealthCheck } from '../../http/parts/server-parts.ts';

/** The dependencies of a service instance; `trouble` is one line, or null. */
interface ReadinessParts {
  database: Pick<Database, 'ping'>;
  queue: Pick<Queue, 'ready'>;
  transport: { trouble(): string | null };
  opened: { trouble(): string | null };
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
            if (isWorker) await engine.version();
          },
        }
      : {}),
  };
}

function failOn(trouble: string | null): void {
  if (trouble !== null) throw new Error(trouble);
}
