import type { z } from 'zod';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * One call of the engine's REST API, its answer read by `schema`.
 * @throws EngineRefusedError, EngineUnavailableError
 */
export type CallEngine = <T>(
  schema: z.ZodType<T>,
  method: Method,
  path: string,
  body?: unknown,
) => Promise<T>;
