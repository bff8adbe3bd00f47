import rateLimit from '@fastify/rate-limit';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { allows, type RouteScope } from '../../../domain/access/index.ts';
import type { RedisClient } from '../../../infrastructure/redis/connection.ts';
import type { Access } from '../../access/access.ts';
import type { Caller } from '../../access/caller.ts';
import { findForeignPage } from '../../access/find-foreign-page.ts';
import { SECURITY_HEADERS } from '../answers/security-headers.ts';
import {
  addressOf,
  type CallerCheck,
  type CheckedCaller,
  createCallerCheck,
} from './check-caller.ts';
import { sendCrossSite, sendForbidden, sendForeignPage, sendRefusal } from './refusals.ts';
import { isForBrowsers } from './routes.ts';
import { isCrossSite, isFromOwnPage } from './same-origin.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null while access control is off, and on open routes. */
    caller: Caller | null;
  }
  interface FastifyInstance {
    /** Of `registerAccess`: for another server that is to count failed calls together with this one. */
    checkCaller: CallerCheck;
  }
}

const MINUTE_MS = 60_000;

export interface AccessPart {
  control: Access;
  /** Addresses and networks of the proxies whose X-Forwarded headers are believed; '' for none. */
  trustProxy: string;
  /** Address of the service as browsers see it; '' where it is not configured. */
  consoleUrl: string;
  /** Calls of one caller in a minute; 0: no limit. */
  rateLimitPerMinute: number;
  /** Where service instances count calls together; left out: each counts its own. */
  rateLimitRedis?: { redis: RedisClient; prefix: string } | undefined;
}

/**
 * Checks the credential of every request first, and limits the rate: per caller, or per address (a /64 of IPv6) for
 * unknown callers. Register it before the routes.
 */
export async function registerAccess(app: FastifyInstance, part: AccessPart): Promise<void> {
  const { control: access, rateLimitPerMinute, rateLimitRedis } = part;
  await app.register(rateLimit, {
    global: rateLimitPerMinute > 0,
    max: rateLimitPerMinute,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => request.caller?.rateKey ?? addressOf(request),
    allowList: (request) => request.routeOptions.config.scope === 'open',
    ...(rateLimitRedis
      ? { redis: rateLimitRedis.redis, nameSpace: `${rateLimitRedis.prefix}:rate:` }
      : {}),
    // Without Redis, calls are answered but not counted.
    skipOnError: true,
  });
  const checkCaller = createCallerCheck(app, access, rateLimitPerMinute);
  app.decorate('checkCaller', checkCaller);
  app.decorateRequest('caller', null);

  // Usually everything is known at once, and no promise is needed.
  app.addHook('onRequest', (request, reply, done) => {
    const scope = scopeOf(request);
    if (scope === 'open') {
      const foreign = access.isOpen() ? findForeignPage(request.raw) : null;
      if (foreign === null) done();
      else sendForeignPage(reply, foreign);
      return;
    }
    const take = (checked: CheckedCaller): void => {
      if (!refuse(checked, scope, request, reply)) done();
    };
    const checked = checkCaller(request);
    if (checked instanceof Promise) checked.then(take, done);
    else take(checked);
  });

  /** @returns the reply when the call is refused */
  function refuse(
    checked: CheckedCaller,
    scope: Exclude<RouteScope, 'open'>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply | undefined {
    switch (checked.kind) {
      case 'known': {
        const { caller, scheme } = checked;
        const isBasic = scheme === 'basic';
        request.caller = caller;
        nameInLog(request, caller.name);
        if (scheme === 'session' && !isFromOwnPage(request)) return sendCrossSite(reply);
        if (!allows(caller.scopes, scope)) return sendForbidden(reply, caller, isBasic, scope);
        return isBasic && isCrossSite(request) ? sendCrossSite(reply) : undefined;
      }
      case 'local':
        return isCrossSite(request) ? sendCrossSite(reply) : undefined;
      default:
        return sendRefusal(request, reply, checked);
    }
  }
}

/** Sets the caller on the logger of the request, which is cheaper than a child logger. */
function nameInLog(request: FastifyRequest, caller: string): void {
  const log = request.log as FastifyBaseLogger & Partial<Pick<Logger, 'setBindings'>>;
  if (log.setBindings) log.setBindings({ caller });
  else request.log = log.child({ caller });
}

/** The scope of the route; `admin` where it has none, which `listRoutes` does not allow. */
function scopeOf(request: FastifyRequest): RouteScope {
  // Callers without access do not learn which paths exist.
  if (request.is404) return 'any';
  return request.routeOptions.config.scope ?? 'admin';
}

/** For pages of libraries, which have their own styles and scripts. */
const PAGES_CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline' https://fonts.googleapis.com; font-src 'self' data: https://fonts.gstatic.com; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'";

const PAGE_HEADERS = { ...SECURITY_HEADERS, 'Content-Security-Policy': PAGES_CSP };

/** Headers that restrict what browsers and caches do with answers; routes may set others. */
export function registerDefaultHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(isForBrowsers(request.routeOptions.url ?? '') ? PAGE_HEADERS : SECURITY_HEADERS);
    done();
  });
}
