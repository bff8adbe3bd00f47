import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Analytics } from '../../../domain/rollups/index.ts';
import type { Ask } from './ask.ts';

/** A route that answers from the rollups or from the events. */
export type AnalyticsRoute = FastifyPluginAsyncZod<{ analytics: Analytics; ask: Ask }>;
