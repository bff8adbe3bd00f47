import { SetupError } from '../../domain/common/index.ts';
import type { Config } from '../config.ts';
import { isLoopback } from './is-loopback.ts';
import { checkOidc, type OidcConfig } from './oidc.ts';

/** `once-keyed`: everybody gets in until the first API key is created. */
export type Policy =
  | { kind: 'on'; because: string }
  | { kind: 'off'; because: string }
  | { kind: 'once-keyed' };

/** The settings of access control. */
export type AccessConfig = OidcConfig &
  Pick<
    Config,
    | 'AUTH'
    | 'HOST'
    | 'ENGINE_REST_HOST'
    | 'ENGINE_REST_PORT'
    | 'JWT_JWKS_URL'
    | 'JWT_ISSUER'
    | 'JWT_AUDIENCE'
    | 'SESSION_MAX_SECONDS'
  >;

/**
 * Whether callers need a key or token, by the settings alone.
 *
 * @throws SetupError when they contradict each other
 */
export function readPolicy(config: AccessConfig): Policy {
  const { AUTH, JWT_JWKS_URL, OIDC_ISSUER } = config;
  checkOidc(config);
  const exposed = exposedHost(config);
  if (AUTH === 'off' && exposed) {
    const { name, host } = exposed;
    throw new SetupError(
      `${name}: ${host} is reached from other machines, and AUTH=off lets everybody in; set AUTH=on and run \`fastify-camunda api-key create\`, or set ${name}=127.0.0.1`,
    );
  }
  if (JWT_JWKS_URL !== '') {
    if (AUTH === 'off') {
      throw new SetupError('AUTH: it is off, but JWT_JWKS_URL is set; take one of them away');
    }
    for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const) {
      if (config[name] === '') {
        throw new SetupError(
          `${name}: must be set with JWT_JWKS_URL; without it, tokens for other services would be accepted`,
        );
      }
    }
  }
  if (AUTH === 'off' && OIDC_ISSUER !== '') {
    throw new SetupError('AUTH: it is off, but OIDC_ISSUER is set; take one of them away');
  }
  if (AUTH === 'off') return { kind: 'off', because: 'AUTH=off' };
  if (AUTH === 'on') return { kind: 'on', because: 'AUTH=on' };
  if (exposed) {
    return {
      kind: 'on',
      because: `${exposed.name}=${exposed.host} is reached from other machines`,
    };
  }
  if (JWT_JWKS_URL !== '') return { kind: 'on', because: 'JWT_JWKS_URL is set' };
  if (OIDC_ISSUER !== '') return { kind: 'on', because: 'OIDC_ISSUER is set' };
  return { kind: 'once-keyed' };
}

/** The first setting whose address other machines reach. */
function exposedHost(config: AccessConfig): { name: string; host: string } | null {
  const { HOST, ENGINE_REST_HOST, ENGINE_REST_PORT } = config;
  if (!isLoopback(HOST)) return { name: 'HOST', host: HOST };
  if (ENGINE_REST_PORT === '' || isLoopback(ENGINE_REST_HOST)) return null;
  return { name: 'ENGINE_REST_HOST', host: ENGINE_REST_HOST };
}

/** @throws SetupError when callers need a credential and none can exist */
export function checkSomebodyGetsIn(
  policy: Policy,
  config: AccessConfig,
  thereIsAKey: boolean,
): void {
  if (policy.kind !== 'on' || thereIsAKey) return;
  if (config.JWT_JWKS_URL !== '' || config.OIDC_ISSUER !== '') return;
  const name = exposedHost(config)?.name ?? 'AUTH';
  throw new SetupError(
    `${name}: access control is on (${policy.because}), but there is neither an API key nor JWT_JWKS_URL; run \`fastify-camunda api-key create --name NAME --scope process:start,process:read\` on the same database`,
  );
}
