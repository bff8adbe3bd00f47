/** The direction of dependencies: domain ← infrastructure, jobs ← src. */
module.exports = {
  forbidden: [
    {
      name: 'domain-stands-alone',
      comment: 'domain is pure: it imports itself and zod, no Node API, no other layer',
      severity: 'error',
      from: { path: '^domain/' },
      to: { pathNot: ['^domain/', '^node_modules/zod/'] },
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
      name: 'bullmq-only-in-queue',
      severity: 'error',
      from: { pathNot: '^(infrastructure/queue/|test/|bench/)' },
      to: { path: '^node_modules/bullmq/' },
    },
    {
      name: 'one-composition-root',
      comment: 'routes get their dependencies by argument; only src/ top level builds adapters',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: ['^infrastructure/(sql|queue|engine|notifier)/'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['types', 'import', 'node'] },
  },
};
