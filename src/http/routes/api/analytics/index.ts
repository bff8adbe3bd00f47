import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Analytics } from '../../../../../domain/rollups/index.ts';
import { createAsk } from '../../../analytics/ask.ts';
import { processDurationsRoute } from './processes.ts';
import { stepsRoute } from './steps.ts';
import { throughputRoute } from './throughput.ts';

/** `GET /api/analytics/steps`, `/throughput` and `/processes`; one at a time reads the events. */
export const analyticsRoutes: FastifyPluginAsyncZod<{
  store: { analytics: Analytics };
  timeoutMs?: number;
}> = async (app, { store: { analytics }, timeoutMs }) => {
  const options = { analytics, ask: createAsk(timeoutMs) };
  await app.register(stepsRoute, options);
  await app.register(throughputRoute, options);
  await app.register(processDurationsRoute, options);
};
