import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { type AuditDetails, type AuditLog, SERVICE_ACTOR } from '../../../domain/audit/index.ts';
import type { Json } from '../../../domain/common/index.ts';
import { type Config, redactConfig } from '../../config.ts';
import { VERSION } from './version.ts';

/**
 * Writes into the audit log that the service starts, when its settings or its release differ from those at the last such
 * entry of an instance with the same roles. Secrets are masked there, so a secret that was changed does not differ.
 *
 * @throws StoreUnavailableError when the log cannot be read or written
 */
export async function recordStart(
  config: Config,
  auditLog: Pick<AuditLog, 'append' | 'list'>,
): Promise<void> {
  const subject = config.ROLES.toSorted().join(',');
  const settings: Record<string, Json> = JSON.parse(JSON.stringify(redactConfig(config)));
  const filter = { action: 'start-service', subject } as const;
  const [last] = await auditLog.list(filter, { limit: 1 });
  const changed = changesOf(last?.details, settings);
  if (last && last.details.version === VERSION && Object.keys(changed).length === 0) return;
  const act = { ...filter, act: randomUUID(), outcome: 'done', actor: SERVICE_ACTOR } as const;
  await auditLog.append({
    ...act,
    details: { version: VERSION, host: hostname(), changed, settings },
  });
}

/** The settings that differ from those before, which are left out for the first entry. */
function changesOf(
  before: AuditDetails | undefined,
  settings: Record<string, Json>,
): Record<string, Json> {
  if (!before) return {};
  const old = (before.settings ?? {}) as Record<string, Json>;
  const names = new Set([...Object.keys(old), ...Object.keys(settings)]);
  return Object.fromEntries(
    [...names]
      .filter((name) => !isDeepStrictEqual(old[name], settings[name]))
      .map((name) => [name, { from: old[name] ?? null, to: settings[name] ?? null }]),
  );
}
