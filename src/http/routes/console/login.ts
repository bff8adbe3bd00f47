import { z } from 'zod';
import {
  isSecure,
  readLogin,
  removeLogin,
  setLogin,
  setSession,
} from '../../access/session-cookie.ts';
import { sendUnavailable } from '../../answers/unavailable.ts';
import type { Route } from '../../parts/route.ts';

/** Where people come to when nothing else is said, and after a sign-in that failed. */
const CONSOLE = '/console';
const FAILED = '/console?signIn=failed';

/** A path of the console: a browser would take two slashes, or a backslash, for another host. */
const returnTo = z
  .string()
  .max(2_000)
  .regex(/^\/console(?:[/?#][^\\\s]*)?$/, 'must be a path of the console')
  .default(CONSOLE);

const loginSchema = { hide: true, querystring: z.object({ returnTo }) };

/** `GET /console/login` and `/console/callback`: to the identity provider, and back from it. */
export const loginRoute: Route<'access'> = async (app, { access: { control, consoleUrl } }) => {
  const { oidc, sessions } = control;
  if (!oidc || !sessions) return;

  app.get(
    '/console/login',
    { config: { scope: 'open' }, schema: loginSchema },
    async (request, reply) => {
      try {
        const { url, login } = await oidc.begin(request.query.returnTo);
        setLogin(reply, login, isSecure(request, consoleUrl));
        return reply.redirect(url.href, 303);
      } catch (err) {
        request.log.warn({ err }, 'the identity provider cannot be reached');
        const advice = 'Try again later, or sign in with an API key.';
        return sendUnavailable(reply, `The identity provider cannot be reached. ${advice}`);
      }
    },
  );

  app.get(
    '/console/callback',
    { config: { scope: 'open' }, schema: { hide: true } },
    async (request, reply) => {
      const login = readLogin(request.headers);
      const secure = isSecure(request, consoleUrl);
      removeLogin(reply, secure);
      try {
        if (login === undefined) throw new Error('this browser began no sign-in, or too long ago');
        const { subject, returnTo } = await oidc.finish(request.url, login);
        const { text, expiresAt } = await sessions.beginFor(subject);
        setSession(reply, text, secure, new Date(expiresAt));
        request.log.info({ caller: subject.name }, 'signed in with OpenID Connect');
        return reply.redirect(returnTo, 303);
      } catch (err) {
        request.log.warn({ err }, 'a sign-in with OpenID Connect failed');
        return reply.redirect(FAILED, 303);
      }
    },
  );
};
