import { SetupError } from '../../../domain/common/index.ts';
import { clientCredentials } from '../../../infrastructure/camunda/client-credentials.ts';
import { basicAuth, type EngineAuth, noAuth } from '../../../infrastructure/camunda/engine-auth.ts';
import type { Config } from '../../config.ts';

export interface EngineAccess {
  /** Without credentials; empty: the embedded engine. */
  baseUrl: string;
  auth:
    | { kind: 'none' }
    | { kind: 'basic'; username: string; password: string }
    | ({ kind: 'oauth'; tokenUrl: string; clientId: string; clientSecret: string } & {
        scope: string;
        audience: string;
      });
}

type EngineConfig = Pick<
  Config,
  | 'CAMUNDA_BASE_URL'
  | 'CAMUNDA_USERNAME'
  | 'CAMUNDA_PASSWORD'
  | 'CAMUNDA_OAUTH_TOKEN_URL'
  | 'CAMUNDA_OAUTH_CLIENT_ID'
  | 'CAMUNDA_OAUTH_CLIENT_SECRET'
  | 'CAMUNDA_OAUTH_SCOPE'
  | 'CAMUNDA_OAUTH_AUDIENCE'
>;
type Name = keyof EngineConfig;

const BASIC = ['CAMUNDA_USERNAME', 'CAMUNDA_PASSWORD'] as const;
const OAUTH = [
  'CAMUNDA_OAUTH_TOKEN_URL',
  'CAMUNDA_OAUTH_CLIENT_ID',
  'CAMUNDA_OAUTH_CLIENT_SECRET',
] as const;
const OAUTH_MORE = ['CAMUNDA_OAUTH_SCOPE', 'CAMUNDA_OAUTH_AUDIENCE'] as const;

/**
 * The URL of the engine and its credentials, which may also be part of CAMUNDA_BASE_URL.
 *
 * @throws SetupError with one line when the settings contradict each other
 */
export function readEngineAccess(given: EngineConfig): EngineAccess {
  const config = withCredentialsOfUrl(given);
  const set = (names: readonly Name[]): Name[] => names.filter((name) => config[name] !== '');
  const basic = set(BASIC);
  const oauth = set([...OAUTH, ...OAUTH_MORE]);
  const [first] = [...basic, ...oauth];
  const baseUrl = config.CAMUNDA_BASE_URL;
  if (first === undefined) return { baseUrl, auth: { kind: 'none' } };
  if (baseUrl === '') {
    throw new SetupError(
      `${first}: is for an engine at CAMUNDA_BASE_URL, which is not set; the embedded engine needs none`,
    );
  }
  if (basic[0] && oauth[0]) {
    throw new SetupError(
      `${basic[0]}, ${oauth[0]}: the engine is called with basic auth or with OAuth 2.0, not with both; leave one out`,
    );
  }
  if (basic.length > 0) {
    requireAll(config, BASIC, first);
    const { CAMUNDA_USERNAME: username, CAMUNDA_PASSWORD: password } = config;
    return { baseUrl, auth: { kind: 'basic', username, password } };
  }
  requireAll(config, OAUTH, first);
  refuseCredentials(config.CAMUNDA_OAUTH_TOKEN_URL);
  return {
    baseUrl,
    auth: {
      kind: 'oauth',
      tokenUrl: config.CAMUNDA_OAUTH_TOKEN_URL,
      clientId: config.CAMUNDA_OAUTH_CLIENT_ID,
      clientSecret: config.CAMUNDA_OAUTH_CLIENT_SECRET,
      scope: config.CAMUNDA_OAUTH_SCOPE,
      audience: config.CAMUNDA_OAUTH_AUDIENCE,
    },
  };
}

/** Use one for all calls to the engine, so that they share its token. */
export function openEngineAuth({ auth }: EngineAccess): EngineAuth {
  switch (auth.kind) {
    case 'none':
      return noAuth();
    case 'basic':
      return basicAuth(auth.username, auth.password);
    case 'oauth':
      return clientCredentials({ ...auth, now: () => performance.now() });
    default:
      return auth satisfies never;
  }
}

/** Moves credentials out of the URL: undici would not send them, and every line that names the URL would show them. */
function withCredentialsOfUrl(config: EngineConfig): EngineConfig {
  if (config.CAMUNDA_BASE_URL === '') return config;
  const url = new URL(config.CAMUNDA_BASE_URL);
  if (url.username === '' && url.password === '') return config;
  if (config.CAMUNDA_USERNAME !== '' || config.CAMUNDA_PASSWORD !== '') {
    throw new SetupError(
      'CAMUNDA_BASE_URL, CAMUNDA_USERNAME: there are credentials in the URL and beside it; leave one out',
    );
  }
  try {
    const CAMUNDA_USERNAME = decodeURIComponent(url.username);
    const CAMUNDA_PASSWORD = decodeURIComponent(url.password);
    url.username = '';
    url.password = '';
    return { ...config, CAMUNDA_BASE_URL: url.href, CAMUNDA_USERNAME, CAMUNDA_PASSWORD };
  } catch {
    throw new SetupError(
      'CAMUNDA_BASE_URL: the credentials in it cannot be decoded; encode a % as %25, or use CAMUNDA_USERNAME and CAMUNDA_PASSWORD',
    );
  }
}

function requireAll(config: EngineConfig, names: readonly Name[], set: Name): void {
  const missing = names.filter((name) => config[name] === '');
  if (missing.length === 0) return;
  throw new SetupError(`${missing.join(', ')}: not set, though ${set} is; they go together`);
}

function refuseCredentials(tokenUrl: string): void {
  const { username, password } = new URL(tokenUrl);
  if (username === '' && password === '') return;
  throw new SetupError(
    'CAMUNDA_OAUTH_TOKEN_URL: must hold no credentials; they are CAMUNDA_OAUTH_CLIENT_ID and CAMUNDA_OAUTH_CLIENT_SECRET',
  );
}
