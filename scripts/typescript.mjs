// Lets this process import the TypeScript sources; a thread of it needs an import of its own.
import { register } from 'node:module';

process.setSourceMapsEnabled(true);
register('./typescript-loader.mjs', import.meta.url);
