import type { FastifyBaseLogger } from 'fastify';
import { type ApiKeyStore, isValidKey } from '../../domain/access/index.ts';
import type { Clock } from '../../domain/common/index.ts';
import { looksLikeApiKey } from './api-key.ts';
import type { Caller, Credential, Identified } from './caller.ts';
import { isLoopback } from './is-loopback.ts';
import { createJwtVerifier } from './jwt.ts';
import { createKeyRing, KEY_TTL_MS } from './key-ring.ts';
import { createOidcSignIn, type OidcSignIn, sessionSecret } from './oidc.ts';
import { type AccessConfig, checkSomebodyGetsIn, type Policy, readPolicy } from './policy.ts';
import { createSessions, type Sessions } from './sessions.ts';

export interface Access {
  /** Whether callers must show a credential now. A promise only when that has to be looked up. */
  required(): boolean | Promise<boolean>;
  /** Whether everybody gets in, as far as this service instance knows without asking the database. */
  isOpen(): boolean;
  /** A promise only when a look-up is needed. */
  identify(credential: Credential): Identified | Promise<Identified>;
  /** Whether identifying it costs a look-up for a key that is not in memory. */
  isNew(credential: Credential): boolean;
  /**
   * Calls `end` when the caller loses its access: its key is revoked, its key or token expires, or access control
   * is switched on for a caller without one. Returns a function that stops this.
   */
  watch(caller: Caller | null, end: () => void): () => void;
  sessions: Pick<Sessions, 'begin' | 'beginFor'> | null;
  /** Null when it is not configured. */
  oidc: OidcSignIn | null;
  close(): void;
}

/** Lets everybody in: for tests and benchmarks of other things. */
export const openAccess: Access = {
  required: () => false,
  isOpen: () => true,
  identify: () => ({ kind: 'invalid' }),
  isNew: () => false,
  watch: () => () => {},
  sessions: null,
  oidc: null,
  close: () => {},
};

/**
 * Decides who gets in, by the settings and the existing keys.
 *
 * @throws SetupError when nobody could get in, or everybody could although HOST is not loopback
 */
export async function createAccess(options: {
  config: AccessConfig;
  store: ApiKeyStore;
  clock: Clock;
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'debug'>;
  /** How long a key that was looked up is used without another look-up, in milliseconds. */
  ttlMs?: number;
}): Promise<Access> {
  const { config, store, clock, log, ttlMs = KEY_TTL_MS } = options;
  const policy = readPolicy(config);
  let hasKeys = await store.hasAny();
  checkSomebodyGetsIn(policy, config, hasKeys);
  logState();
  await warnOfInvalidKeys();
  warnOfPlainHttp();
  const keyRing = createKeyRing({
    store,
    clock,
    ttlMs,
    onRecordFailed: (err) => log.debug({ err }, 'could not store when an API key was last used'),
  });
  const verifyToken =
    config.JWT_JWKS_URL === ''
      ? undefined
      : createJwtVerifier({
          jwksUrl: config.JWT_JWKS_URL,
          issuer: config.JWT_ISSUER,
          audience: config.JWT_AUDIENCE,
          scopeClaim: config.JWT_SCOPE_CLAIM,
          clockToleranceSeconds: config.JWT_CLOCK_TOLERANCE_SECONDS,
          clock,
        });
  const sessions = createSessions({
    keyRing,
    secret: sessionSecret(config),
    maxSeconds: config.SESSION_MAX_SECONDS,
    clock,
  });

  let lookedAt = clock();
  let looking: Promise<boolean> | undefined;

  function required(): boolean | Promise<boolean> {
    if (policy.kind !== 'once-keyed') return policy.kind === 'on';
    // It stays on once there was a key: revoking the last key must not let everybody in.
    if (hasKeys) return true;
    if (clock() - lookedAt < ttlMs) return false;
    looking ??= readKeys().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function readKeys(): Promise<boolean> {
    const at = clock();
    if (await store.hasAny()) {
      hasKeys = true;
      logState();
    }
    lookedAt = at;
    return hasKeys;
  }

  function logState(): void {
    const { isOn, because } = describe(policy, hasKeys);
    if (isOn) log.info({ accessControl: 'on', because }, `access control is ON: ${because}`);
    else log.warn({ accessControl: 'off', because }, `access control is OFF: ${because}`);
  }

  async function warnOfInvalidKeys(): Promise<void> {
    if (!hasKeys || config.JWT_JWKS_URL !== '' || policy.kind === 'off') return;
    const keys = await store.list();
    if (keys.some((key) => isValidKey(key, clock()))) return;
    log.warn('every API key is revoked or expired: all calls are refused until one is created');
  }

  function warnOfPlainHttp(): void {
    const { protocol, hostname } = new URL(config.JWT_JWKS_URL || 'https://none');
    if (protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return;
    log.warn(
      `JWT_JWKS_URL: the keys come from ${hostname} over plain HTTP; an attacker who changes them on the way gets in`,
    );
  }

  const watched = new Map<() => void, Caller | null>();
  const timer = setInterval(() => {
    for (const [end, caller] of watched) {
      mayStay(caller).then(
        (may) => may || end(),
        (err: unknown) => log.debug({ err }, 'could not check whether a caller still has access'),
      );
    }
  }, ttlMs);
  timer.unref();

  async function mayStay(caller: Caller | null): Promise<boolean> {
    return caller ? caller.stillValid() : !(await required());
  }

  return {
    required,
    isOpen: () => policy.kind === 'off' || (policy.kind === 'once-keyed' && !hasKeys),
    identify({ scheme, text }) {
      if (scheme === 'session') return sessions.identify(text);
      if (looksLikeApiKey(text)) return keyRing.identify(text);
      // X-API-Key and HTTP Basic are for API keys, not for tokens.
      if (scheme !== 'bearer' || !verifyToken) return { kind: 'invalid' };
      return verifyToken(text);
    },
    isNew: ({ scheme, text }) =>
      scheme === 'session' ? sessions.isNew(text) : looksLikeApiKey(text) && keyRing.isNew(text),
    watch(caller, end) {
      watched.set(end, caller);
      return () => void watched.delete(end);
    },
    sessions,
    oidc: createOidcSignIn({ config, verifyToken, clock }),
    close: () => clearInterval(timer),
  };
}

function describe(policy: Policy, hasKeys: boolean): { isOn: boolean; because: string } {
  if (policy.kind !== 'once-keyed') return { isOn: policy.kind === 'on', because: policy.because };
  return hasKeys
    ? { isOn: true, because: 'there is an API key' }
    : {
        isOn: false,
        because:
          'AUTH=auto on loopback, with no API key and no JWT_JWKS_URL; everybody on this machine gets in',
      };
}
