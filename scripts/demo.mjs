// npm run demo: installs what is missing, then runs `fastify-camunda demo` in this process.
import './install.mjs';

process.argv.splice(2, 0, 'demo');
await import('../src/bin.mjs');
