import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../../', import.meta.url);

/** The only block of this language in a page that has `mark` in it. */
function codeBlock(page: string, language: string, mark: string): string {
  const text = readFileSync(new URL(page, root), 'utf8');
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, found, body]) => found === language && body?.includes(mark))
    .map(([, , body]) => body ?? '');
  if (blocks.length !== 1) throw new Error(`${page} has ${blocks.length} blocks with ${mark}`);
  return blocks[0] ?? '';
}

/** Writes the two files of the process that the README adds, as they stand there. */
export function writeReadmeProcess(directory: string): void {
  const own = join(directory, 'quote-parcel');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'index.ts'), codeBlock('README.md', 'ts', "key: 'quote-parcel'"));
  const bpmn = codeBlock('docs/creating-a-process.md', 'xml', 'id="quote-parcel"');
  writeFileSync(join(own, 'quote-parcel.bpmn'), bpmn);
}

/** Starts it at a service. */
export async function quoteParcel(
  url: string,
  weight: unknown,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/api/process/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ processKey: 'quote-parcel', variables: { parcelId: 'p-1', weight } }),
  });
  return { status: answer.status, body: await answer.json() };
}
