import type { Timestamp } from '../common/index.ts';

/** What an API key or token may allow its caller to do. */
export const SCOPES = [
  'process:start',
  'process:read',
  'events:read',
  'steps:work',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What a route requires of its caller: a scope; `any` valid credential; or nothing (`open`), for the health
 * checks of load balancers.
 */
export type RouteScope = Scope | 'any' | 'open';

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** Whether a caller with these scopes may call a route that requires `required`; `admin` allows everything. */
export function allows(held: ReadonlySet<Scope>, required: RouteScope): boolean {
  if (required === 'open' || required === 'any') return true;
  return held.has(required) || held.has('admin');
}

/** An API key as it is stored: its hash only; the secret itself is with its owner alone. */
export interface ApiKeyRecord {
  /** The public part of the key; lists and logs name the key by it. */
  id: string;
  /** Who uses the key. Two valid keys may share a name, so that a key can be rotated. */
  name: string;
  /** SHA-256 of the whole key, in hex. */
  hash: string;
  scopes: readonly Scope[];
  createdAt: Timestamp;
  expiresAt: Timestamp | null;
  revokedAt: Timestamp | null;
  lastUsedAt: Timestamp | null;
}

/** Valid keys that one name may have at a time: the one in use and, during a rotation, its successor. */
export const MAX_VALID_KEYS = 2;

/** Whether a key may be used at `now` (milliseconds since the epoch). */
export function isValidKey(key: ApiKeyRecord, now: number): boolean {
  return key.revokedAt === null && (key.expiresAt === null || Date.parse(key.expiresAt) > now);
}

export interface ApiKeyStore {
  /** Adds a key; false, with nothing written, when its name has MAX_VALID_KEYS valid ones. */
  add(key: ApiKeyRecord): Promise<boolean>;
  find(id: string): Promise<ApiKeyRecord | null>;
  /** All keys, also revoked and expired ones, by name and age. */
  list(): Promise<ApiKeyRecord[]>;
  /** Revokes a key for ever; one that was revoked before stays unchanged. */
  revoke(id: string, at: Timestamp): Promise<void>;
  recordUse(id: string, at: Timestamp): Promise<void>;
  /** Whether a key was ever added. */
  hasAny(): Promise<boolean>;
}
