import { SetupError } from '../../../domain/common/index.ts';
import type { Config, Role } from '../../config.ts';

/**
 * The roles of this service instance.
 *
 * @throws SetupError when the roles are split over service instances that share no Redis
 */
export function checkRoles(config: Pick<Config, 'ROLES' | 'REDIS_URL'>): (role: Role) => boolean {
  const roles = new Set(config.ROLES);
  const all: readonly Role[] = ['api', 'worker', 'relay', 'projector'];
  if (config.REDIS_URL === '' && all.some((role) => !roles.has(role))) {
    throw new SetupError(
      'ROLES: without REDIS_URL the queue is in this process, which then needs the roles api,worker,relay,projector',
    );
  }
  return (role) => roles.has(role);
}
