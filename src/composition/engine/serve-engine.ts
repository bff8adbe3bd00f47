import type { FastifyRequest } from 'fastify';
import { allows } from '../../../domain/access/index.ts';
import { type Log, SetupError } from '../../../domain/common/index.ts';
import type { EmbeddedEngine } from '../../../infrastructure/embedded-engine/engine-api.ts';
import type { EngineRefusal } from '../../../infrastructure/embedded-engine/http-guard.ts';
import { type ServedEngine, serveEngine } from '../../../infrastructure/embedded-engine/start.ts';
import type { Config } from '../../config.ts';
import type { CallerCheck, CheckedCaller } from '../../http/access/check-caller.ts';

interface EngineAddress extends Pick<Config, 'ENGINE_REST_HOST' | 'TRUST_PROXY'> {
  port: number;
}

/**
 * Serves the embedded engine over Camunda's REST API, for workers in other languages.
 *
 * @param needs.checkCaller of the service's own server, so that failed calls count together
 * @throws SetupError when the address or port cannot be had
 */
export async function serveEmbeddedEngine(
  engine: EmbeddedEngine,
  { ENGINE_REST_HOST: host, TRUST_PROXY: trustProxy, port }: EngineAddress,
  { checkCaller, log }: { checkCaller: CallerCheck; log: Pick<Log, 'info' | 'error'> },
): Promise<ServedEngine> {
  const guard = async (request: FastifyRequest): Promise<EngineRefusal | null> => {
    const checked = await checkCaller(request);
    if (checked.kind === 'cannot-check') {
      log.error({ err: checked.reason }, 'a credential could not be checked');
    }
    return refusalOf(checked, request);
  };
  try {
    const served = await serveEngine(engine, { host, port, guard, trustProxy });
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
function refusalOf(checked: CheckedCaller, { headers }: FastifyRequest): EngineRefusal | null {
  switch (checked.kind) {
    case 'known': {
      // A browser adds HTTP Basic by itself, also for a page of another site.
      const isForeign = checked.scheme === 'basic' && headers.origin !== undefined;
      if (isForeign) return { status: 403, message: 'A page of another site sent this.' };
      if (allows(checked.caller.scopes, 'admin')) return null;
      return { status: 403, message: 'This needs an API key or token with the scope admin.' };
    }
    case 'local':
      return null;
    case 'foreign-page':
      return { status: 403, message: `Refused: ${checked.reason}.` };
    case 'unauthorized': {
      const message = checked.shown
        ? 'The API key or token is not valid, or no longer valid.'
        : 'Send an API key or token as `Authorization: Bearer …`, or a key as `X-API-Key` or as the password of HTTP Basic.';
      return { status: 401, message };
    }
    case 'too-many-failures': {
      const message = 'Too many calls without a valid API key or token came from your address.';
      return { status: 429, message, retryAfterSeconds: Math.max(1, checked.seconds) };
    }
    case 'cannot-check':
      return { status: 503, message: 'The API key or token cannot be checked now.' };
    default:
      return checked satisfies never;
  }
}
