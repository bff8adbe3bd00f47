// npm run demo: installs what is missing, builds the console where it is outdated, then runs `fastify-camunda demo` in this process.
import './install.mjs';

const { buildConsole } = await import('./build-console.mjs');
await buildConsole();

process.argv.splice(2, 0, 'demo');
await import('../src/bin.mjs');
