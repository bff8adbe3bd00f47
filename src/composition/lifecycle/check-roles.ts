import { SetupError } from '../../../domain/common/index.ts';
import type { Config, Role } from '../../config.ts';

/**
 * What this instance does.
 *
 * @throws SetupError when roles are split over instances that share nothing
 */
export function checkRoles(config: Pick<Config, 'ROLES' | 'REDIS_URL'>): (role: Role) => boolean {
  const roles = new Set(config.ROLES);
  const all: readonly Role[] = ['api', 'worker', 'relay', 'projector'];
  if (config.REDIS_URL === '' && all.some((role) => !roles.has(role))) {
    throw new SetupError(
      'ROLES: without REDIS_URL the queue lives in this process, which then needs the roles api,worker,relay,projector',
    );
  }
  return (role) => roles.has(role);
}
