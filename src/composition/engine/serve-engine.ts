import type { IncomingMessage } from 'node:http';
import { allows } from '../../../domain/access/index.ts';
import { type Log, SetupError } from '../../../domain/common/index.ts';
import type { EmbeddedEngine } from '../../../infrastructure/embedded-engine/engine-api.ts';
import type { EngineRefusal } from '../../../infrastructure/embedded-engine/http-guard.ts';
import { type ServedEngine, serveEngine } from '../../../infrastructure/embedded-engine/start.ts';
import type { Access } from '../../access/access.ts';
import { findForeignPage } from '../../access/find-foreign-page.ts';
import type { Config } from '../../config.ts';
import { readCredential } from '../../http/access/credential.ts';

/**
 * Serves the embedded engine over Camunda's REST API, for workers in other languages.
 *
 * @throws SetupError when the address or port cannot be had
 */
export async function serveEmbeddedEngine(
  engine: EmbeddedEngine,
  host: Config['ENGINE_REST_HOST'],
  port: number,
  { access, log }: { access: Access; log: Pick<Log, 'info'> },
): Promise<ServedEngine> {
  try {
    const guard = (request: IncomingMessage) => refusalOf(access, request);
    const served = await serveEngine(engine, { host, port, guard });
    log.info({ url: served.url }, 'the REST API of the embedded engine is ready');
    return served;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`ENGINE_REST_PORT: cannot listen on ${host}:${port}: ${reason}`, {
      cause,
    });
  }
}

/** Every call may read and change all variables, so it needs what an operator needs. */
async function refusalOf(access: Access, request: IncomingMessage): Promise<EngineRefusal | null> {
  if (!(await access.required())) {
    const foreign = findForeignPage(request);
    return foreign === null ? null : { status: 403, message: `Refused: ${foreign}.` };
  }
  const credential = readCredential(request.headers);
  if (!credential) {
    const message =
      'Send an API key or token as `Authorization: Bearer …`, or a key as `X-API-Key` or as the password of HTTP Basic.';
    return { status: 401, message };
  }
  const identified = await access.identify(credential);
  switch (identified.kind) {
    case 'known': {
      // A browser adds HTTP Basic by itself, also for a page of another site.
      const isForeign = credential.scheme === 'basic' && request.headers.origin !== undefined;
      if (isForeign) return { status: 403, message: 'A page of another site sent this.' };
      if (allows(identified.caller.scopes, 'admin')) return null;
      return { status: 403, message: 'This needs an API key or token with the scope admin.' };
    }
    case 'invalid':
      return { status: 401, message: 'The API key or token is not valid, or no longer valid.' };
    case 'unavailable':
      return { status: 503, message: 'The API key or token cannot be checked now.' };
    default:
      return identified satisfies never;
  }
}
