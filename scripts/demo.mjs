// npm run demo: installs what is missing, builds the console where it is outdated and the client that the examples
// import, then runs `fastify-camunda demo` in this process.
import './install.mjs';

const { buildConsole } = await import('./build-console.mjs');
await buildConsole();
const { buildClient } = await import('./build-client.mjs');
await buildClient();

process.argv.splice(2, 0, 'demo');
await import('../src/bin.mjs');
