import type { Scope } from '../../domain/access/index.ts';
import type { Timestamp } from '../../domain/common/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';

/** Somebody with a valid credential. */
export interface Caller {
  /** Name of the API key, or subject of the token: for logs, the audit trail and rate limits. */
  name: string;
  scopes: ReadonlySet<Scope>;
  /** The key of the rate limit: the same for all credentials of this caller, and for nobody else's. */
  rateKey: string;
  /**
   * The owner of the idempotency keys that the caller sends: `key:` and the name of the API key, which a rotated key
   * keeps, or `token:` with issuer and subject.
   */
  id: string;
  /** The API key that was sent. */
  key?: { id: string };
  /** The session that was sent: a browser has signed in. */
  session?: { kind: 'api-key' | 'oidc'; expiresAt: Timestamp };
  /** Whether the credential is still valid: for long answers. Never rejects. */
  stillValid(): Promise<boolean>;
}

/** The actor of events that a request causes: its caller, or LOCAL_ACTOR while access control is off. */
export function actorOf({ caller }: { caller: Caller | null }): string {
  return caller?.name ?? LOCAL_ACTOR;
}

export interface Credential {
  /** How it was sent; a browser adds `basic` and `session` by itself, which needs a check against cross-site requests. */
  scheme: 'bearer' | 'header' | 'basic' | 'session';
  text: string;
}

/** The result for a credential. Callers do not learn why it is not valid. */
export type Identified =
  | { kind: 'known'; caller: Caller }
  /** `reason` is for the log, never for the caller. */
  | { kind: 'invalid'; reason?: string }
  /** It cannot be checked now; `reason` is for the log. */
  | { kind: 'unavailable'; reason: unknown };
