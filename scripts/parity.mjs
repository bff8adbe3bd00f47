// npm run test:parity: installs what is missing, then compares the embedded engine with Operaton in this process.
import './install.mjs';

const { register } = await import('tsx/esm/api');
register();
await import('../test/parity/run.ts');
