import type { FastifyInstance, RouteOptions } from 'fastify';
import type { RouteScope } from '../../../domain/access.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks of its caller. Every route says so, or the server is not built. */
    scope?: RouteScope;
  }
}

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

export interface RouteList {
  /** Every route registered since, in the order of registration. */
  readonly routes: readonly RouteOptions[];
  /** @throws Error that names the routes without a scope */
  check(): void;
}

/** Hears of every route that is registered from here on. */
export function listRoutes(app: FastifyInstance): RouteList {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  return {
    routes,
    check() {
      const without = routes.filter(({ config }) => config?.scope === undefined);
      if (without.length === 0) return;
      const names = without.map(({ method, url }) => `${method} ${url}`).join(', ');
      throw new Error(`config.scope is missing, so nobody knows who may call: ${names}`);
    },
  };
}
