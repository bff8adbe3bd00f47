import type { UnreadableInstance } from '../../../../../domain/engine/index.ts';
import {
  type Found,
  reportStuckProcesses,
  type SlowReport,
} from '../../../../../domain/rollups/index.ts';
import { statusUrl } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { hungUpSignal } from '../../../waiting/caller-wait.ts';
import { attentionSchemaOf } from './attention.schema.ts';

const UNREADABLE_ADVICE =
  'The engine cannot read the state of these instances: they stand still until they are deleted. Cancel each process with POST /api/process/<correlationId>/cancel, which deletes its instance, and start it again under another correlation id';

/** `GET /api/analytics/attention`. */
export const attentionRoute: Route<
  'store' | 'operations' | 'engine' | 'elsewhere' | 'definitions'
> = async (app, { store, engine, elsewhere, definitions, operations: { deadLetters } }) => {
  app.get(
    '/api/analytics/attention',
    { config: { scope: 'events:read' }, schema: attentionSchemaOf(definitions) },
    async (request, reply) => {
      const hungUp = hungUpSignal(reply);
      const onMissing = (part: string, error: unknown): void =>
        request.log.warn(
          { err: error, part },
          'a part of the report on stuck processes cannot be read',
        );
      try {
        const ports = { ...store, engine, elsewhere, deadLetters, onMissing };
        const { limit, errorCode, identifier: identifiers } = request.query;
        const { slow, retrying, unreadable, ...rest } = await reportStuckProcesses(
          ports,
          limit,
          { errorCode, identifiers },
          hungUp,
        );
        return {
          ...rest,
          slow: slow && publicSlow(slow),
          retrying: retrying && { total: retrying.total, steps: publicItems(retrying.items) },
          unreadable: unreadable && publicUnreadable(unreadable),
        };
      } catch (error) {
        if (!hungUp.aborted) throw error;
        return reply.hijack();
      }
    },
  );
};

function publicSlow({ items, ...counts }: SlowReport) {
  return {
    ...counts,
    processes: publicItems(items.map(({ processInstanceId: _, ...one }) => one)),
  };
}

/** Renames the fields to those of the API. */
function publicItems<Item extends { correlationId: string; processName: string }>(
  items: readonly Item[],
) {
  return items.map(({ processName, ...item }) => ({
    ...item,
    processKey: processName,
    statusUrl: statusUrl(item.correlationId),
  }));
}

/** An instance that was started at the engine itself may have no process. */
function publicUnreadable({ total, items }: Found<UnreadableInstance>) {
  return {
    total,
    advice: total === 0 ? null : UNREADABLE_ADVICE,
    instances: items.map(({ businessKey: correlationId, ...instance }) => ({
      ...instance,
      correlationId,
      statusUrl: correlationId && statusUrl(correlationId),
    })),
  };
}
