import type { FastifyRequest } from 'fastify';
import { SCOPES } from '../../../../domain/access/index.ts';
import { LOCAL_ACTOR } from '../../../../domain/process/index.ts';
import type { Caller } from '../../../access/caller.ts';
import { readCredential } from '../../access/credential.ts';
import { sendRefusal } from '../../access/refusals.ts';
import { isSecure, removeSession, setSession } from '../../access/session-cookie.ts';
import { problem, sendProblem } from '../../answers/problems.ts';
import type { Route } from '../../parts/route.ts';
import { sessionSchema, signedOutSchema } from '../../schemas/session.ts';

const getSchema = {
  operationId: 'getSession',
  summary: 'Who calls: the session of the browser, or the credential of this call',
  tags: ['console'],
  response: {
    200: sessionSchema.describe('The caller; without a valid credential `signedIn` is false'),
    429: problem('Too many calls without a valid credential came from this address'),
    503: problem('The credential cannot be checked now'),
  },
};

const postSchema = {
  operationId: 'signIn',
  summary: 'Begin a session with an API key',
  description:
    'Send the key as `Authorization: Bearer …`. The session is in a cookie that scripts cannot read, with the scopes of the key. It ends with the key, and after SESSION_MAX_SECONDS.',
  tags: ['console'],
  response: {
    200: sessionSchema.describe('The session; its cookie is set'),
    400: problem('What was sent is no API key, but a token or a session'),
  },
};

const deleteSchema = {
  operationId: 'signOut',
  summary: 'Remove the session from the browser',
  tags: ['console'],
  response: { 200: signedOutSchema.describe('The cookie is removed') },
};

/** `GET`, `POST` and `DELETE /console/session`. */
export const sessionRoute: Route<'access'> = async (app, { access: { control, consoleUrl } }) => {
  const { sessions, oidc } = control;
  const loginUrl = oidc ? '/console/login' : null;

  const local = () => ({
    accessControl: 'off' as const,
    signedIn: true,
    kind: 'local' as const,
    name: LOCAL_ACTOR,
    scopes: [...SCOPES],
    expiresAt: null,
    loginUrl,
  });
  const known = ({ name, scopes, session }: Pick<Caller, 'name' | 'scopes' | 'session'>) => ({
    accessControl: 'on' as const,
    signedIn: true,
    kind: session?.kind ?? ('credential' as const),
    name,
    scopes: [...scopes],
    expiresAt: session?.expiresAt ?? null,
    loginUrl,
  });
  const nobody = () => ({
    ...{ accessControl: 'on' as const, signedIn: false, kind: null, name: null },
    ...{ scopes: [], expiresAt: null, loginUrl },
  });

  app.get(
    '/console/session',
    { config: { scope: 'open' }, schema: getSchema },
    async (request, reply) => {
      if (!readCredential(request.headers) && (await control.required())) return nobody();
      const checked = await app.checkCaller(request);
      switch (checked.kind) {
        case 'known':
          return known(checked.caller);
        case 'local':
          return local();
        case 'unauthorized':
          return nobody();
        default:
          return sendRefusal(request, reply, checked);
      }
    },
  );

  app.post(
    '/console/session',
    { config: { scope: 'any' }, schema: postSchema },
    async (request, reply) => {
      const { caller } = request;
      if (!caller) return local();
      const session = await sessions?.begin(caller);
      if (!session) {
        return sendProblem(
          reply,
          'invalid-request',
          'Only an API key begins a session: send one as `Authorization: Bearer …`.',
        );
      }
      const { text, expiresAt } = session;
      setSession(reply, text, isSecure(request, consoleUrl), new Date(expiresAt));
      return known({ ...caller, session: { kind: 'api-key', expiresAt } });
    },
  );

  app.delete(
    '/console/session',
    { config: { scope: 'open' }, schema: deleteSchema },
    async (request, reply) => {
      removeSession(reply, isSecure(request, consoleUrl));
      return { logoutUrl: await logoutUrl(request) };
    },
  );

  /** Signed in with OpenID Connect, people expect to be signed out there, too. */
  async function logoutUrl(request: FastifyRequest): Promise<string | null> {
    if (!oidc || !readCredential(request.headers)) return null;
    const checked = await app.checkCaller(request);
    if (checked.kind !== 'known' || checked.caller.session?.kind !== 'oidc') return null;
    return oidc.logoutUrl().catch((err: unknown) => {
      request.log.warn({ err }, 'the identity provider cannot be asked where to sign out');
      return null;
    });
  }
};
