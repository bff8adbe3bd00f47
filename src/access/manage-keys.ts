import {
  type ApiKeyRecord,
  type ApiKeyStore,
  isValidKey,
  type Scope,
} from '../../domain/access/index.ts';
import { type AuditDetails, type AuditLog, audited } from '../../domain/audit/index.ts';
import { type Clock, SetupError } from '../../domain/common/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';
import { newApiKey, parseApiKey } from './api-key.ts';

export interface MadeKey {
  /** The whole key, which is not stored. */
  text: string;
  record: ApiKeyRecord;
}

/**
 * Creates, rotates and revokes API keys. A refusal is a SetupError with one sentence.
 *
 * @param details what the audit log says of each act besides the key
 */
export function createKeyManager(
  { apiKeys: store, auditLog: log }: { apiKeys: ApiKeyStore; auditLog: Pick<AuditLog, 'append'> },
  clock: Clock,
  details: AuditDetails = {},
) {
  async function create(
    name: string,
    scopes: readonly Scope[],
    lifetimeMs: number | null,
  ): Promise<MadeKey> {
    const now = clock();
    const { id, text, hash } = newApiKey();
    const record: ApiKeyRecord = {
      id,
      name,
      hash,
      scopes,
      createdAt: new Date(now).toISOString(),
      expiresAt: lifetimeMs === null ? null : new Date(now + lifetimeMs).toISOString(),
      revokedAt: null,
      lastUsedAt: null,
    };
    const act = {
      action: 'api-key-create',
      actor: LOCAL_ACTOR,
      subject: id,
      details: { ...details, name, scopes: scopes.join(' '), expiresAt: record.expiresAt },
    } as const;
    const isAdded = await audited(
      log,
      act,
      () => store.add(record),
      (added) => ({ outcome: added ? 'done' : 'refused' }),
    );
    if (!isAdded) {
      const ids = (await validKeys(name)).map((key) => key.id).join(' and ');
      throw new SetupError(
        `there are two valid keys named ${name} already (${ids}); revoke one of them first with \`fastify-camunda api-key revoke ID\``,
      );
    }
    return { text, record };
  }

  async function validKeys(name: string): Promise<ApiKeyRecord[]> {
    const keys = await store.list();
    return keys.filter((key) => key.name === name && isValidKey(key, clock()));
  }

  return {
    create,
    list: () => store.list(),

    /**
     * Creates a second key with the name and scopes of the newest valid one, and the same lifetime unless
     * `lifetimeMs` is given.
     */
    async rotate(
      name: string,
      lifetimeMs: number | null | undefined,
    ): Promise<MadeKey & { replaces: ApiKeyRecord }> {
      const replaces = (await validKeys(name)).at(-1);
      if (!replaces) {
        throw new SetupError(
          `there is no valid key named ${name}; \`fastify-camunda api-key list\` shows all, \`api-key create\` makes one`,
        );
      }
      const { createdAt, expiresAt, scopes } = replaces;
      const same = expiresAt === null ? null : Date.parse(expiresAt) - Date.parse(createdAt);
      const made = await create(name, scopes, lifetimeMs === undefined ? same : lifetimeMs);
      return { ...made, replaces };
    },

    /** @param given the id of a key, or the whole key when it was leaked */
    async revoke(given: string): Promise<ApiKeyRecord> {
      const id = parseApiKey(given) ?? given;
      const key = await store.find(id);
      // A long text may be a whole key, so it is not printed.
      const shown = given.length > 40 ? 'that' : `the id ${given}`;
      if (!key) {
        throw new SetupError(
          `there is no key with ${shown}; \`fastify-camunda api-key list\` shows all`,
        );
      }
      if (key.revokedAt !== null) {
        throw new SetupError(`the key ${id} (${key.name}) was revoked at ${key.revokedAt} already`);
      }
      const act = {
        action: 'api-key-revoke',
        actor: LOCAL_ACTOR,
        subject: id,
        details: { ...details, name: key.name },
      } as const;
      await audited(log, act, () => store.revoke(id, new Date(clock()).toISOString()));
      return key;
    },
  };
}
