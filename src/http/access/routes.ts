import type { FastifyInstance, RouteOptions } from 'fastify';
import type { RouteScope } from '../../../domain/access/index.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks of its caller. Every route says so, or the server is not built. */
    scope?: RouteScope;
  }
  interface FastifyInstance {
    /** Every route there is, in the order of registration. */
    routeList: readonly ListedRoute[];
  }
}

/** A route as it was registered. */
type ListedRoute = Readonly<Pick<RouteOptions, 'method' | 'url' | 'config'>>;

/** Paths that people open in a browser, which asks for name and password when challenged so. */
const BROWSER_PATHS = ['/documentation', '/admin', '/ui'];

export function isForBrowsers(url: string): boolean {
  return BROWSER_PATHS.some((path) => url === path || url.startsWith(`${path}/`));
}

/** Gives every route of a plugin that knows nothing of scopes this one. Call it inside its context. */
export function declareScope(app: FastifyInstance, scope: RouteScope): void {
  app.addHook('onRoute', (route) => {
    route.config = { scope, ...route.config };
  });
}

/**
 * Hears of every route that is registered from here on.
 *
 * @returns a check for when all are there, which throws an Error that names those without a scope
 */
export function listRoutes(app: FastifyInstance): () => void {
  const routes: ListedRoute[] = [];
  app.addHook('onRoute', (route) => {
    // Of one that is registered with and without a slash at its end Fastify changes the URL afterwards, and hooks
    // that come later give it its scope.
    const { method, url } = route;
    routes.push({
      method,
      url,
      get config() {
        return route.config;
      },
    });
  });
  app.decorate('routeList', routes);
  return () => {
    const without = routes.filter(({ config }) => config?.scope === undefined);
    if (without.length === 0) return;
    const names = without.map(({ method, url }) => `${method} ${url}`).join(', ');
    throw new Error(`config.scope is missing, so nobody knows who may call: ${names}`);
  };
}
