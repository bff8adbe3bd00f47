import rateLimit, { type CreateRateLimitOptions } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../../access/access.ts';
import type { Caller, Credential } from '../../access/caller.ts';
import { findForeignPage } from '../../access/find-foreign-page.ts';
import { readCredential } from './credential.ts';

const MINUTE_MS = 60_000;
/** Calls without a valid credential that one address may make in a minute when no limit is set. */
const MAX_FAILURES = 300;

/** Who sent a request, or why it is refused. */
export type CheckedCaller =
  | { kind: 'known'; caller: Caller; scheme: Credential['scheme'] }
  /** Access control is off. */
  | { kind: 'local' }
  /** Access control is off, and a page of another machine sent it; `reason` is a clause. */
  | { kind: 'foreign-page'; reason: string }
  /** `shown`: with a credential, which is not valid. */
  | { kind: 'unauthorized'; shown: boolean }
  /** The address has made too many calls without a valid credential; it may try again in `seconds`. */
  | { kind: 'too-many-failures'; seconds: number }
  /** The database with the keys, or the identity provider, is unavailable. */
  | { kind: 'cannot-check'; reason: unknown };

/**
 * Checks the credential of a request. Calls without a valid one are counted by address, over all servers that use the
 * same check: above the limit, keys that are not in memory are not looked up.
 */
export type CallerCheck = (request: FastifyRequest) => CheckedCaller | Promise<CheckedCaller>;

/** @param app has the plugin for rate limits, in whose store the calls are counted */
export function createCallerCheck(
  app: FastifyInstance,
  access: Access,
  rateLimitPerMinute: number,
): CallerCheck {
  const failures = app.createRateLimit({
    max: rateLimitPerMinute || MAX_FAILURES,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `failed:${addressOf(request)}`,
    allowList: () => false,
  } satisfies CreateRateLimitOptions);

  async function refuse(request: FastifyRequest, shown: boolean): Promise<CheckedCaller> {
    const count = await failures(request);
    return !count.isAllowed && count.isExceeded
      ? { kind: 'too-many-failures', seconds: count.ttlInSeconds }
      : { kind: 'unauthorized', shown };
  }

  const withoutCredential = (foreign: string | null): CheckedCaller =>
    foreign === null ? { kind: 'local' } : { kind: 'foreign-page', reason: foreign };

  async function checkCredential(request: FastifyRequest): Promise<CheckedCaller> {
    const credential = readCredential(request.headers);
    if (!credential) return refuse(request, false);
    // Guessed keys must not cause endless queries; keys in use are in memory.
    if (access.isNew(credential)) {
      const count = await failures(request, { increment: false });
      if (!count.isAllowed && count.remaining === 0) {
        return { kind: 'too-many-failures', seconds: count.ttlInSeconds };
      }
    }
    const identified = access.identify(credential);
    const found = identified instanceof Promise ? await identified : identified;
    switch (found.kind) {
      case 'known':
        return { kind: 'known', caller: found.caller, scheme: credential.scheme };
      case 'invalid':
        request.log.debug({ reason: found.reason }, 'a credential was refused');
        return refuse(request, true);
      case 'unavailable':
        return { kind: 'cannot-check', reason: found.reason };
      default:
        return found satisfies never;
    }
  }

  return (request) => {
    const foreign = access.isOpen() ? findForeignPage(request.raw) : null;
    const required = access.required();
    if (required === false) return withoutCredential(foreign);
    if (required === true) return checkCredential(request);
    return required.then((is) => (is ? checkCredential(request) : withoutCredential(foreign)));
  };
}

/** The address of the caller, or the /64 of an IPv6 address: for rate limits. */
export function addressOf(request: FastifyRequest): string {
  return rateLimit.normalizeIP(request.ip);
}
