import type { Engine } from '../../../domain/engine/index.ts';
import type { Queue } from '../../../domain/outbox/index.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { HealthCheck } from '../../http/parts/server-parts.ts';

/** What an instance needs to be ready; `trouble` is one line, or null when there is none. */
interface ReadinessParts {
  database: Pick<Database, 'ping'>;
  queue: Pick<Queue, 'ready'>;
  transport: { trouble(): string | null };
  opened: { trouble(): string | null };
  engine: Pick<Engine, 'version'>;
  isWorker: boolean;
}

/** The checks of `/health/ready`, each of which rejects with what is missing. */
export function readinessChecks({
  database,
  queue,
  transport,
  opened,
  engine,
  isWorker,
}: ReadinessParts): Record<string, HealthCheck> {
  // Without the role it is others who start instances and do steps; but it has its processes to deploy.
  const needsEngine = isWorker || opened.trouble() !== null;
  return {
    database: () => database.ping(),
    queue: async () => {
      failOn(transport.trouble());
      if (!(await queue.ready())) throw new Error('takes no jobs');
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
