import * as client from 'openid-client';
import { type Clock, SetupError } from '../../domain/common/index.ts';
import type { Config } from '../config.ts';
import type { Identified } from './caller.ts';
import { isLoopback } from './is-loopback.ts';
import { scopesOf, subjectOf } from './jwt.ts';
import { decryptClaims, deriveKey, encryptClaims, type Subject } from './sessions.ts';

export type OidcConfig = Pick<
  Config,
  | 'OIDC_ISSUER'
  | 'OIDC_CLIENT_ID'
  | 'OIDC_CLIENT_SECRET'
  | 'OIDC_SCOPE'
  | 'CONSOLE_URL'
  | 'SESSION_SECRET'
  | 'JWT_SCOPE_CLAIM'
  | 'JWT_CLOCK_TOLERANCE_SECONDS'
>;

/** How long somebody may take to sign in at the identity provider. */
export const LOGIN_TIMEOUT_SECONDS = 600;
const REQUEST_TIMEOUT_SECONDS = 5;

/** Sign-in by OpenID Connect: authorization code with PKCE. All calls throw when the identity provider is away. */
export interface OidcSignIn {
  /** @returns where the browser signs in, and what it must bring back, encrypted */
  begin(returnTo: string): Promise<{ url: URL; login: string }>;
  /**
   * @param path the path that the browser was sent back to, with its query
   * @throws when the sign-in was refused, or another browser began it
   */
  finish(path: string, login: string): Promise<{ subject: Subject; returnTo: string }>;
  /** Where the browser signs out; null when the identity provider has no such page. */
  logoutUrl(): Promise<string | null>;
}

/** The secret that sessions of subjects are encrypted with. */
export function sessionSecret({
  SESSION_SECRET,
  OIDC_CLIENT_SECRET,
}: Pick<Config, 'SESSION_SECRET' | 'OIDC_CLIENT_SECRET'>): string {
  return SESSION_SECRET || OIDC_CLIENT_SECRET;
}

/** @throws SetupError with one line when the settings contradict each other */
export function checkOidc(config: OidcConfig): void {
  const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, CONSOLE_URL } = config;
  if (OIDC_ISSUER === '') {
    const given = Object.entries({ OIDC_CLIENT_ID, OIDC_CLIENT_SECRET }).find(([, text]) => text);
    if (!given) return;
    throw new SetupError(`${given[0]}: is set, but OIDC_ISSUER is not; they go together`);
  }
  const missing = Object.entries({ OIDC_CLIENT_ID, CONSOLE_URL })
    .filter(([, text]) => text === '')
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new SetupError(`${missing.join(', ')}: not set, though OIDC_ISSUER is; they go together`);
  }
  if (sessionSecret(config) === '') {
    throw new SetupError(
      'SESSION_SECRET: must be set with OIDC_ISSUER where there is no OIDC_CLIENT_SECRET; make one with `openssl rand -base64 32`',
    );
  }
  const { protocol, hostname } = new URL(OIDC_ISSUER);
  if (protocol !== 'https:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))) {
    throw new SetupError(
      `OIDC_ISSUER: must begin with https://; over plain HTTP an attacker between the service and ${hostname} can sign in as anybody`,
    );
  }
}

/**
 * @param verifyToken of tokens of the API: an access token that it takes names the caller and the scopes, otherwise the ID
 *   token does
 * @returns null when it is not configured
 */
export function createOidcSignIn(options: {
  config: OidcConfig;
  verifyToken: ((text: string) => Promise<Identified>) | undefined;
  clock: Clock;
}): OidcSignIn | null {
  const { config, verifyToken, clock } = options;
  if (config.OIDC_ISSUER === '') return null;
  const { origin } = new URL(config.CONSOLE_URL);
  const redirect_uri = `${origin}/console/callback`;
  const key = deriveKey('login', sessionSecret(config));
  let discovered: Promise<client.Configuration> | undefined;

  /** Once; again when it failed. */
  function provider(): Promise<client.Configuration> {
    discovered ??= discover(config).catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  }

  async function subjectFrom(
    tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  ): Promise<Subject> {
    const known = await verifyToken?.(tokens.access_token);
    if (known?.kind === 'known') {
      const { name, id, scopes } = known.caller;
      return { name, id, scopes: [...scopes] };
    }
    const claims = tokens.claims();
    if (!claims) throw new Error('the identity provider gave no ID token');
    const name = subjectOf(claims);
    const scopes = [...scopesOf(claims, config.JWT_SCOPE_CLAIM)];
    return { name, id: `token:${JSON.stringify([claims.iss, name])}`, scopes };
  }

  return {
    async begin(returnTo) {
      const oidc = await provider();
      const verifier = client.randomPKCECodeVerifier();
      const [state, nonce] = [client.randomState(), client.randomNonce()];
      const url = client.buildAuthorizationUrl(oidc, {
        redirect_uri,
        scope: config.OIDC_SCOPE,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      const expiresAt = clock() + LOGIN_TIMEOUT_SECONDS * 1_000;
      const claims = { verifier, state, nonce, returnTo };
      return { url, login: await encryptClaims(claims, { key, kid: 'login', expiresAt }) };
    },
    async finish(path, login) {
      const { verifier, state, nonce, returnTo } = await decryptClaims(login, key, clock());
      const tokens = await client.authorizationCodeGrant(await provider(), new URL(path, origin), {
        pkceCodeVerifier: String(verifier),
        expectedState: String(state),
        expectedNonce: String(nonce),
        idTokenExpected: true,
      });
      return { subject: await subjectFrom(tokens), returnTo: String(returnTo) };
    },
    async logoutUrl() {
      const oidc = await provider();
      if (!oidc.serverMetadata().end_session_endpoint) return null;
      const back = { post_logout_redirect_uri: `${origin}/console` };
      return client.buildEndSessionUrl(oidc, back).href;
    },
  };
}

async function discover(config: OidcConfig): Promise<client.Configuration> {
  const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET } = config;
  const issuer = new URL(OIDC_ISSUER);
  return client.discovery(
    issuer,
    OIDC_CLIENT_ID,
    { [client.clockTolerance]: config.JWT_CLOCK_TOLERANCE_SECONDS },
    OIDC_CLIENT_SECRET === '' ? client.None() : bySecret(OIDC_CLIENT_SECRET),
    {
      timeout: REQUEST_TIMEOUT_SECONDS,
      // Of a provider on this machine: `checkOidc` refuses any other.
      execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
    },
  );
}

/** As the identity provider takes it: with HTTP Basic, as all should, or else in the body. */
function bySecret(secret: string): client.ClientAuth {
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server;
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...rest);
  };
}
