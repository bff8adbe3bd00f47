import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { ServerParts } from './server-parts.ts';

/** A route as a plugin that takes these parts of the server. Its file is found from its URL. */
export type Route<Part extends keyof ServerParts> = FastifyPluginAsyncZod<Pick<ServerParts, Part>>;
