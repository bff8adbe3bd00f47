import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Configuration, Provider } from 'oidc-provider';
import type { BrowserCalls } from './browser-calls.ts';

export const CLIENT = { id: 'console', secret: 'a-secret-of-the-client-only' };
/** Audience of the access tokens of a provider that issues them for the API. */
export const API_AUDIENCE = 'urn:fastify-camunda:api';

export interface OidcServer {
  issuer: string;
  jwksUrl: string;
  /** Signs in and consents in the pages of the provider. @returns the address that the browser is sent back to */
  signIn(browser: BrowserCalls, loginUrl: string, user: string): Promise<string>;
  down(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * An OpenID Connect provider in this process, with one client that is sent back to `consoleUrl`.
 *
 * @param roles what the claim `roles` has, of everybody or by user
 * @param forApi its access tokens are JWTs for the API, with the scopes that were asked for
 */
export async function startOidcServer(options: {
  consoleUrl: string;
  roles?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  forApi?: boolean;
}): Promise<OidcServer> {
  const { consoleUrl, roles = [], forApi = false } = options;
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${consoleUrl}/console/callback`],
        post_logout_redirect_uris: [`${consoleUrl}/console`],
      },
    ],
    cookies: { keys: ['of a test'] },
    claims: { openid: ['sub', 'roles'] },
    // In the ID token, as most providers can be told to.
    conformIdTokenClaims: false,
    findAccount: (_context, accountId) => ({
      accountId,
      claims: async () => ({
        sub: accountId,
        roles: Array.isArray(roles) ? roles : (roles as Record<string, string[]>)[accountId],
      }),
    }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, ...(forApi ? apiTokens() : {}) },
  } satisfies Configuration);
  server.on('request', provider.callback());

  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    async signIn(browser, loginUrl, user) {
      let page = await browser.follow(loginUrl);
      const back = `${consoleUrl}/console/callback`;
      for (let form = formOf(await page.text()); form; form = formOf(await page.text())) {
        const fields = {
          ...form.fields,
          ...(form.fields.prompt === 'login' ? { login: user, password: 'any' } : {}),
        };
        page = await browser.follow(
          new URL(form.action, issuer).href,
          { method: 'POST', body: new URLSearchParams(fields) },
          back,
        );
        const location = page.headers.get('location');
        if (location?.startsWith(back)) return location;
      }
      throw new Error(`no form at ${page.url}`);
    },
    down: () => close(server),
    stop: () => close(server),
  };
}

function apiTokens(): Configuration['features'] {
  return {
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API_AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'process:read events:read',
        audience: API_AUDIENCE,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  };
}

/** The form of a page, with its hidden fields. */
function formOf(page: string): { action: string; fields: Record<string, string> } | null {
  const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined) return null;
  const hidden = [...page.matchAll(/<input type="hidden" name="(\w+)" value="(\w*)"/g)];
  return { action, fields: Object.fromEntries(hidden.map(([, name, value]) => [name, value])) };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
