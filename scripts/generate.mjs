// npm run generate -- --events 1000000: installs what is missing, then generates in this process.
import './install.mjs';

const { register } = await import('tsx/esm/api');
register();
await import('../src/cli/generate/command.ts');
