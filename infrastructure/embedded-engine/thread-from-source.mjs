// Starts the thread from the TypeScript sources. A thread does not get the loader of the one that
// starts it, so this file, which needs none, brings it.
import { register } from 'tsx/esm/api';

register();
await import('./thread.ts');
