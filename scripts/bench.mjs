// npm run bench: installs what is missing, then runs the benchmarks in this process.
import './install.mjs';

const { register } = await import('tsx/esm/api');
register();
await import('../bench/run.ts');
