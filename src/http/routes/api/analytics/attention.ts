import {
  type Found,
  type RetryingStep,
  reportStuckProcesses,
  type SlowProcess,
} from '../../../../../domain/rollups/index.ts';
import { statusUrl } from '../../../answers/process-answers.ts';
import type { Route } from '../../../parts/route.ts';
import { hungUpSignal } from '../../../waiting/caller-wait.ts';
import { attentionSchema } from './attention.schema.ts';

/** `GET /api/analytics/attention`. */
export const attentionRoute: Route<'store' | 'operations'> = async (
  app,
  { store, operations: { deadLetters } },
) => {
  app.get(
    '/api/analytics/attention',
    { config: { scope: 'events:read' }, schema: attentionSchema },
    async (request, reply) => {
      const hungUp = hungUpSignal(reply);
      const onMissing = (part: string, error: unknown): void =>
        request.log.warn(
          { err: error, part },
          'a part of the report on stuck processes cannot be read',
        );
      try {
        const ports = { ...store, deadLetters, onMissing };
        const { slow, retrying, ...rest } = await reportStuckProcesses(
          ports,
          request.query.limit,
          hungUp,
        );
        return {
          ...rest,
          slow: slow && { total: slow.total, processes: publicItems(slow) },
          retrying: retrying && { total: retrying.total, steps: publicItems(retrying) },
        };
      } catch (error) {
        if (!hungUp.aborted) throw error;
        return reply.hijack();
      }
    },
  );
};

/** Renames the fields to those of the API. */
function publicItems<Item extends SlowProcess | RetryingStep>({ items }: Found<Item>) {
  return items.map(({ processName, ...item }) => ({
    ...item,
    processKey: processName,
    statusUrl: statusUrl(item.correlationId),
  }));
}
