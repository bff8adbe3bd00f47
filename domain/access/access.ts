import type { Timestamp } from '../common/index.ts';

/** What a caller may be allowed to do. */
export const SCOPES = ['process:start', 'process:read', 'events:read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What a route asks of its caller: a scope; `any` valid credential; or nothing (`open`), which is for
 * what load balancers ask.
 */
export type RouteScope = Scope | 'any' | 'open';

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** Whether somebody with these scopes may do what needs `wanted`; `admin` may do everything. */
export function allows(held: ReadonlySet<Scope>, wanted: RouteScope): boolean {
  if (wanted === 'open' || wanted === 'any') return true;
  return held.has(wanted) || held.has('admin');
}

/** An API key as it is kept: the secret itself is nowhere but with its owner. */
export interface ApiKeyRecord {
  /** Public part of the key, which names it in lists and logs. */
  id: string;
  /** Who uses it. Two valid keys may share a name, so that one can take over from the other. */
  name: string;
  /** SHA-256 of the whole key, in hex. */
  hash: string;
  scopes: readonly Scope[];
  createdAt: Timestamp;
  expiresAt: Timestamp | null;
  revokedAt: Timestamp | null;
  lastUsedAt: Timestamp | null;
}

/** Valid keys of one name at a time: the one in use, and the one that takes over. */
export const MAX_VALID_KEYS = 2;

/** Whether a key may be used at `now` (milliseconds since the epoch). */
export function isValidKey(key: ApiKeyRecord, now: number): boolean {
  return key.revokedAt === null && (key.expiresAt === null || Date.parse(key.expiresAt) > now);
}

export interface ApiKeyStore {
  /** Adds a key; false, with nothing written, when its name has MAX_VALID_KEYS valid ones. */
  add(key: ApiKeyRecord): Promise<boolean>;
  find(id: string): Promise<ApiKeyRecord | null>;
  /** All keys, revoked and expired ones too, by name and age. */
  list(): Promise<ApiKeyRecord[]>;
  /** Ends a key for good; one that was revoked before stays as it was. */
  revoke(id: string, at: Timestamp): Promise<void>;
  noteUse(id: string, at: Timestamp): Promise<void>;
  /** Whether there ever was a key. */
  any(): Promise<boolean>;
}
