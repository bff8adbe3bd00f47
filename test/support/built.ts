import { join } from 'node:path';
import { askOnce } from './ask-setup.ts';

/** The folder of the project as JavaScript, `test/support` included: node starts that in a third of the time. */
const builtFolder = () => askOnce<string>('built');

/** Where the JavaScript of a source file is, as `src/bin.ts`. */
export async function builtFile(source: string): Promise<string> {
  return join(await builtFolder(), source.replace(/\.ts$/, '.js'));
}
