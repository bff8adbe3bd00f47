import type { FastifyInstance, RouteOptions } from 'fastify';
import type { RouteScope } from '../../../domain/access/index.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that callers need. The server is not built when a route has none. */
    scope?: RouteScope;
  }
  interface FastifyInstance {
    /** Every route, in the order of registration. */
    routeList: readonly ListedRoute[];
  }
}

/** A route as it was registered. */
type ListedRoute = Readonly<Pick<RouteOptions, 'method' | 'url' | 'config'>>;

/** Paths that people open in a browser, which asks for name and password when challenged with Basic. */
const BROWSER_PATHS = ['/documentation', '/admin', '/ui'];

export function isForBrowsers(url: string): boolean {
  return BROWSER_PATHS.some((path) => url === path || url.startsWith(`${path}/`));
}

/** Sets the scope of every route of a plugin that knows no scopes. Call it inside the context of the plugin. */
export function declareScope(app: FastifyInstance, scope: RouteScope): void {
  app.addHook('onRoute', (route) => {
    route.config = { scope, ...route.config };
  });
}

/**
 * Lists every route that is registered from now on.
 *
 * @returns a check to call after the last one; it throws an Error that names the routes without a scope
 */
export function listRoutes(app: FastifyInstance): () => void {
  const routes: ListedRoute[] = [];
  app.addHook('onRoute', (route) => {
    // Fastify changes the URL of a route with an optional trailing slash afterwards, and later hooks set its scope.
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
    throw new Error(`config.scope is missing, so it is not known who may call ${names}`);
  };
}
