import type { Scope } from '../../domain/access/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';

/** Somebody whose credential was found good. */
export interface Caller {
  /** Name of the API key, or subject of the token: for logs, the audit trail and rate limits. */
  name: string;
  scopes: ReadonlySet<Scope>;
  /** The same for every credential of this caller, and for no other's. */
  rateKey: string;
  /**
   * Whose the idempotency keys are that it sends: `key:` and the name of the API key, which a rotated one keeps,
   * or `token:` with issuer and subject.
   */
  id: string;
  /** Whether the credential still holds: for answers that stay open. Never rejects. */
  stillValid(): Promise<boolean>;
}

/** Who an event that a request causes is by: its caller, or LOCAL_ACTOR while access control is off. */
export function actorOf({ caller }: { caller: Caller | null }): string {
  return caller?.name ?? LOCAL_ACTOR;
}

export interface Credential {
  /** How it came; one that a browser adds by itself (`basic`) needs more care. */
  scheme: 'bearer' | 'header' | 'basic';
  text: string;
}

/** What became of a credential. Whether, how and since when it is wrong is nobody's business. */
export type Identified =
  | { kind: 'known'; caller: Caller }
  /** `reason`, where there is more to say than that it is not ours, is for the log, never for the caller. */
  | { kind: 'invalid'; reason?: string }
  /** Whether it is good cannot be found out now; `reason` is for the log. */
  | { kind: 'unavailable'; reason: unknown };
