import type { FastifyInstance } from 'fastify';
import { SetupError } from '../../../domain/common/index.ts';
import type { Config } from '../../config.ts';

/** Connections that the system keeps until they are accepted: of a rush beyond Node's 511 some are reset. */
const LISTEN_BACKLOG = 4_096;

/**
 * @returns the URL that the server listens at
 * @throws SetupError when the address or port cannot be had
 */
export async function listen(
  app: FastifyInstance,
  { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>,
): Promise<string> {
  try {
    return await app.listen({ host: HOST, port: PORT, backlog: LISTEN_BACKLOG });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`PORT: cannot listen on ${HOST}:${PORT}: ${reason}`, { cause });
  }
}
