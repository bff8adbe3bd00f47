import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { Frame } from './frame/frame.tsx';
import { Empty, Failure, Loading } from './parts/states.tsx';
import { parseSearch, picks, stringifySearch } from './search.ts';

const rootRoute = createRootRoute({
  component: Frame,
  notFoundComponent: () => (
    <Empty title="There is no such page">
      <Link to="/">Overview</Link>
    </Empty>
  ),
});

/** One entry a page; each is loaded when it is opened. */
const routes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/overview/overview.tsx'), 'Overview'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/stuck',
    validateSearch: picks('list'),
    component: lazyRouteComponent(() => import('./pages/stuck/stuck.tsx'), 'Stuck'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/processes',
    validateSearch: picks(
      ...(['status', 'process', 'step', 'identifier', 'errorCode'] as const),
      ...(['last', 'from', 'to', 'archive'] as const),
    ),
    component: lazyRouteComponent(() => import('./pages/processes/processes.tsx'), 'Processes'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/processes/$correlationId',
    validateSearch: picks('at', 'tab'),
    component: lazyRouteComponent(() => import('./pages/process/process.tsx'), 'ProcessPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/tasks',
    validateSearch: picks('process', 'assignee', 'candidateGroup', 'unassigned'),
    component: lazyRouteComponent(() => import('./pages/tasks/tasks.tsx'), 'Tasks'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/tasks/$id',
    component: lazyRouteComponent(() => import('./pages/tasks/task.tsx'), 'TaskPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/definitions',
    component: lazyRouteComponent(
      () => import('./pages/definitions/definitions.tsx'),
      'Definitions',
    ),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/definitions/$key',
    validateSearch: picks('last', 'from', 'to', 'measure', 'version', 'compare', 'activity'),
    component: lazyRouteComponent(
      () => import('./pages/definitions/definition.tsx'),
      'DefinitionPage',
    ),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/analytics',
    validateSearch: picks(
      'last',
      'from',
      'to',
      'bucket',
      'zone',
      'process',
      'step',
      'target',
      'by',
      'measure',
    ),
    component: lazyRouteComponent(() => import('./pages/analytics/analytics.tsx'), 'Analytics'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/events',
    validateSearch: picks(
      'process',
      'step',
      'type',
      'status',
      'targetSystem',
      'correlationId',
      'last',
      'from',
      'to',
      'archive',
    ),
    component: lazyRouteComponent(() => import('./pages/events/events.tsx'), 'Events'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/failed-jobs',
    validateSearch: picks('name'),
    component: lazyRouteComponent(
      () => import('./pages/failed-jobs/failed-jobs.tsx'),
      'FailedJobs',
    ),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/callbacks',
    validateSearch: picks('status', 'target', 'correlationId'),
    component: lazyRouteComponent(() => import('./pages/callbacks/callbacks.tsx'), 'Callbacks'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/bulk',
    validateSearch: picks('dryRuns'),
    component: lazyRouteComponent(() => import('./pages/bulk/bulk-runs.tsx'), 'BulkRuns'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/bulk/$id',
    component: lazyRouteComponent(() => import('./pages/bulk/bulk-run.tsx'), 'BulkRunPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/archive',
    validateSearch: picks('status', 'process', 'last', 'from', 'to', 'identifier', 'errorCode'),
    component: lazyRouteComponent(() => import('./pages/archive/archive.tsx'), 'Archive'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/audit',
    validateSearch: picks('action', 'outcome', 'actor', 'subject', 'last', 'from', 'to'),
    component: lazyRouteComponent(() => import('./pages/audit/audit.tsx'), 'Audit'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/settings',
    component: lazyRouteComponent(() => import('./pages/settings/settings.tsx'), 'SettingsPage'),
  }),
] as const;

/** Every view of the console and its URL. */
export const router = createRouter({
  routeTree: rootRoute.addChildren(routes),
  basepath: '/console',
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
