import type { Delivery } from '../../../../../domain/callbacks/index.ts';
import { actorOf } from '../../../../access/caller.ts';
import { sendProblem } from '../../../answers/problems.ts';
import type { Route } from '../../../parts/route.ts';
import { encodeCursor } from '../../../queries/cursor.ts';
import { listDeliveriesSchema, replayManySchema, replaySchema } from './deliveries.schema.ts';

/** `/api/admin/deliveries`: callbacks that are not delivered, and their replay. */
export const deliveryRoutes: Route<'callbacks'> = async (app, { callbacks }) => {
  const config = { scope: 'admin' } as const;
  const url = '/api/admin/deliveries';

  app.get(url, { config, schema: listDeliveriesSchema }, async ({ query }) => {
    const { limit, cursor, ...filter } = query;
    const found = await callbacks.deliveries(filter, limit + 1, cursor?.id);
    const deliveries = found.slice(0, limit).map(shown);
    const last = deliveries.at(-1);
    const hasMore = last && found.length > limit;
    return { deliveries, nextCursor: hasMore ? encodeCursor({ id: last.id }) : null };
  });

  app.post(`${url}/:id/replay`, { config, schema: replaySchema }, async (request, reply) => {
    const { id } = request.params;
    const replayed = await callbacks.replay({ id }, actorOf(request));
    if (replayed > 0) return { replayed };
    const detail = `There is no parked callback with the id "${id}"; GET ${url}?status=parked lists all.`;
    return sendProblem(reply, 'not-found', detail);
  });

  app.post(`${url}/replay`, { config, schema: replayManySchema }, async (request) => ({
    replayed: await callbacks.replay(request.body, actorOf(request)),
  }));
};

function shown(delivery: Delivery) {
  const { host: _, position: __, version: ___, notice: ____, ...fields } = delivery;
  return fields;
}
