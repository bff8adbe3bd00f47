import { hostname, userInfo } from 'node:os';
import type { AuditDetails } from '../../../domain/audit/index.ts';

/** What the audit log says of who ran a command, whose actor is `local`: their account and host. */
export function commandDetails(): AuditDetails {
  return { user: userName(), host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // An account without a name, as containers have it.
    return String(process.getuid?.() ?? 'unknown');
  }
}
