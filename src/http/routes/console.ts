import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import { declareScope } from '../access/routes.ts';
import { sendProblem } from '../answers/problems.ts';
import { preferred } from '../answers/representations.ts';
import type { Route } from '../parts/route.ts';

const PATH = '/console';

/** The console loads its own files and calls its own host, and nothing else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const ASSETS = 'assets/';
/** Names of built files hold a hash of their content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

const PAGES = { html: 'text/html; charset=utf-8', json: 'application/json; charset=utf-8' };

/**
 * The web console at `/console`, and the way there for a browser that asks for `/`. Its files hold no data and are open;
 * the calls that its pages make need what every call needs.
 */
export const consoleRoutes: Route<'consoleFolder'> = async (app, { consoleFolder }) => {
  declareScope(app, 'open');

  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    reply.header('Vary', 'Accept');
    // Programs ask without an `Accept`, or with `*/*`.
    const isPage = request.headers.accept?.includes('text/html');
    if (!isPage || preferred(request.headers.accept, PAGES) !== 'html') {
      return sendProblem(
        reply,
        'not-found',
        'There is no page here; /documentation has all calls.',
      );
    }
    return reply.redirect(PATH, 302);
  });

  await app.register(async (files) => {
    files.addHook('onSend', (_request, reply, payload, done) => {
      reply.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      done(null, payload);
    });
    await files.register(fastifyStatic, {
      root: consoleFolder,
      serve: false,
      preCompressed: true,
      cacheControl: false,
    });

    files.get(PATH, { schema: { hide: true } }, (_request, reply) => sendPage(reply));
    files.get<{ Params: { '*': string } }>(
      `${PATH}/*`,
      { schema: { hide: true } },
      (request, reply) => {
        const path = request.params['*'];
        if (!path.startsWith(ASSETS)) return sendPage(reply);
        const name = basename(path);
        if (!existsSync(join(consoleFolder, ASSETS, name))) {
          return sendProblem(reply, 'not-found', 'The console has no such file; reload its page.');
        }
        return reply.header('Cache-Control', IMMUTABLE).sendFile(ASSETS + name);
      },
    );
  });

  /** Each view has its URL, and the same page shows all of them. */
  function sendPage(reply: FastifyReply): FastifyReply {
    if (!existsSync(join(consoleFolder, 'index.html'))) {
      return sendProblem(
        reply,
        'not-found',
        'The console is not built. Run `npm run build`, or start the service with `npm run demo`.',
      );
    }
    return reply.header('Cache-Control', 'no-cache').sendFile('index.html');
  }
};
