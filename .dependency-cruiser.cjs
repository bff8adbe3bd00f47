/**
 * The direction of dependencies: domain ← infrastructure, jobs ← src. Within domain each folder is a
 * feature, which the rest of the code uses through its index only.
 */
const PURE_LIBRARIES = '^node_modules/(zod|lru-cache|croner|luxon|uuid)/';
const PURE_NODE = '^(crypto|timers/promises|util)$';

module.exports = {
  forbidden: [
    {
      name: 'domain-stands-alone',
      comment: 'domain decides: it imports itself, libraries that compute, and no other layer',
      severity: 'error',
      from: { path: '^domain/' },
      to: { pathNot: ['^domain/', PURE_LIBRARIES, PURE_NODE] },
    },
    {
      name: 'features-through-their-index',
      comment: 'what a feature does not export from its index is its own business',
      severity: 'error',
      from: { path: '^(domain/[^/]+|infrastructure|jobs|src|migrations|bench)/', pathNot: '^domain/index[.]ts$' },
      to: {
        path: '^domain/[^/]+/',
        pathNot: ['^domain/[^/]+/index[.]ts$', '^domain/processes/', '^$1/'],
      },
    },
    {
      name: 'jobs-know-ports-only',
      comment: 'a job is a function of (job, ports): domain and types, no adapter, no HTTP',
      severity: 'error',
      from: { path: '^jobs/' },
      to: { path: ['^infrastructure/', '^src/', '^node_modules/(bullmq|fastify|knex|mssql)/'] },
    },
    {
      name: 'infrastructure-below-src',
      severity: 'error',
      from: { path: '^infrastructure/' },
      to: { path: ['^src/', '^jobs/'] },
    },
    {
      name: 'bullmq-only-in-redis',
      severity: 'error',
      from: { pathNot: '^(infrastructure/redis/|test/|bench/)' },
      to: { path: '^node_modules/bullmq/' },
    },
    {
      name: 'one-composition-root',
      comment: 'routes get their dependencies by argument; only the composition root builds adapters',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: ['^infrastructure/(sql|sqlite|sqlserver|in-process|camunda|embedded-engine)/'] },
    },
    {
      name: 'commands-without-http',
      comment: 'a command reads and writes what the service does, not through its REST API',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/http/' },
    },
    {
      name: 'console-stands-alone',
      comment: 'the console runs in browsers: it knows the service by its REST API only',
      severity: 'error',
      from: { path: '^src/console/' },
      to: { pathNot: ['^src/console/', '^src/client/index[.]ts$', '^node_modules/'] },
    },
    {
      name: 'client-stands-alone',
      comment: 'the client runs in other programs and in browsers: it needs nothing but fetch',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { pathNot: ['^src/client/'] },
    },
    {
      name: 'console-is-for-browsers',
      severity: 'error',
      from: { pathNot: '^src/console/' },
      to: { path: '^src/console/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-circle-of-folders',
      comment: 'a folder that needs another does not serve it',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(domain|infrastructure|migrations|src)/' },
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.d.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['types', 'import', 'node'] },
  },
};
