import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { HttpObservers } from '../parts/server-parts.ts';
import { text } from '../schemas/fields.ts';

/** `GET /metrics`, in the text format of Prometheus. */
export const metricsRoute: FastifyPluginAsyncZod<Pick<HttpObservers, 'metrics' | 'read'>> = async (
  app,
  { metrics, read },
) => {
  // Plain text; all other routes send JSON.
  app.setSerializerCompiler(() => (data) => String(data));
  app.get(
    '/metrics',
    {
      config: { scope: 'any' },
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics of this instance, for Prometheus',
        tags: ['operations'],
        response: {
          200: {
            description: 'Text format 0.0.4',
            content: {
              'text/plain': {
                schema: text.meta({
                  examples: ['# TYPE fastify_camunda_waiting gauge\nfastify_camunda_waiting 3\n'],
                }),
              },
            },
          },
        },
      },
    },
    async (_request, reply) => {
      await read();
      const { registry } = metrics;
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
};
