import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../src/config.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Name, default and description of every setting, from the schema. */
const settings = Object.entries(configSchema.shape).map(([name, schema]) => {
  const parsed = schema.safeParse(undefined);
  const value = parsed.success ? parsed.data : '';
  const fallback = Array.isArray(value) ? value.join(',') : String(value);
  return { name, fallback, description: schema.description ?? '' };
});

describe('the documentation', () => {
  it('has every setting in the table of docs/configuration.md, with its default and description', () => {
    const table = [
      '| variable | default | meaning |',
      '|---|---|---|',
      ...settings.map(
        ({ name, fallback, description }) =>
          `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${description} |`,
      ),
    ].join('\n');
    const found = /<!-- configuration -->\n([\s\S]*)\n<!-- \/configuration -->/.exec(
      read('docs/configuration.md'),
    )?.[1];
    expect(found).toBe(table);
  });

  it('shows the consumer of events that is tested, in 30 lines at most', () => {
    const shown = /<!-- example -->\n```js\n([\s\S]*)```\n<!-- \/example -->/;
    const example = read('docs/examples/consume-events.mjs');
    expect(shown.exec(read('docs/consuming-events.md'))?.[1]).toBe(example);
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  it('has every setting in .env.example', async () => {
    const lines = settings.flatMap(({ name, fallback, description }) => [
      `# ${description}`,
      `#${name}=${fallback}`,
      '',
    ]);
    const text = `# Every setting with its default. Copy to .env, take the # away from what you change, and load it,
# for example with \`set -a; . ./.env; set +a\`.\n\n${lines.join('\n')}`;
    await expect(text).toMatchFileSnapshot('../../.env.example');
  });
});
