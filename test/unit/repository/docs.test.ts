import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config.ts';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Name, default and description of every setting, from the schema. */
const settings = Object.entries(configSchema.shape).map(([name, schema]) => {
  const parsed = schema.safeParse(undefined);
  const value = parsed.success ? parsed.data : '';
  const fallback = Array.isArray(value) ? value.join(',') : String(value);
  return { name, fallback, description: schema.description ?? '' };
});

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(fileURLToPath(new URL('docs', ROOT)), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
];
const DECISION = /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/;
const FORM =
  /^# (\d+)\. .+\n\nDate: \d{4}-\d\d-\d\d · Status: .+\n\n## Context\n[\s\S]+\n## Decision\n[\s\S]+\n## Consequences\n/;

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(page: string): string[] {
  const headings = read(page)
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documentation', () => {
  it('links to pages and headings that exist', () => {
    const known = new Map(PAGES.map((page) => [page, anchorsOf(page)]));
    for (const page of PAGES) {
      const text = read(page).replaceAll(/^```[\s\S]*?^```/gm, '');
      for (const [link, path = '', anchor] of text.matchAll(
        /\]\((?!\w+:)([^)#]*)(?:#([^)]+))?\)/g,
      )) {
        const target = path === '' ? page : join(page, '..', path);
        if (target.endsWith('.md')) expect(known.has(target), `${page}: ${link}`).toBe(true);
        else expect(existsSync(new URL(target, ROOT)), `${page}: ${link}`).toBe(true);
        if (anchor) expect(known.get(target), `${page}: ${link}`).toContain(anchor);
      }
    }
  });

  it('names files and folders that exist', () => {
    const path =
      /`((?:bench|docs|domain|infrastructure|jobs|migrations|scripts|src|test)\/[\w./-]*)`/g;
    for (const page of PAGES) {
      for (const [, named = ''] of read(page).matchAll(path)) {
        // The process that the README adds.
        if (named.startsWith('domain/processes/quote-parcel/')) continue;
        expect(existsSync(new URL(named, ROOT)), `${page}: ${named}`).toBe(true);
      }
    }
  });

  it('names the tests that prove each guarantee, and they exist', () => {
    const rows = read('docs/guarantees.md').matchAll(
      /^\| (?:\*\*G\d+\*\* )?\| (?!guarantee).*\|.*\|(.*)\|$/gm,
    );
    const proofs = [...rows].map(([, proof = '']) => [
      ...proof.matchAll(/`([a-z][\w-]*\/[\w/-]+)`/g),
    ]);
    expect(proofs.length).toBeGreaterThan(16);
    for (const names of proofs) {
      expect(names.length).toBeGreaterThan(0);
      for (const [, name = ''] of names) {
        expect(existsSync(new URL(`test/${name}.test.ts`, ROOT)), name).toBe(true);
      }
    }
  });

  it('names in CONTRIBUTING which one file or folder answers each question, and where its tests are', () => {
    const rows = [
      ...read('CONTRIBUTING.md').matchAll(/^\| (.+) \| `([\w./-]+)` \| `test\/.+` \|$/gm),
    ];
    const answers = new Map(rows.map(([, question = '', path = '']) => [question, path]));
    expect(rows.length).toBeGreaterThan(20);
    for (const question of [
      'whether and how a failed process is retried',
      'how an archived process is restored',
      'the columns of an export',
      'what runs on a schedule',
      'how a step is journaled',
      'when a 503 is answered, and what it says',
    ]) {
      expect(existsSync(new URL(answers.get(question) ?? 'missing', ROOT)), question).toBe(true);
    }
  });

  it('has a README of 250 lines at most', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(250);
  });

  it('has every decision in one form and in the index', () => {
    const decisions = PAGES.filter((page) => DECISION.test(page));
    expect(decisions.length).toBeGreaterThan(50);
    const index = read('docs/decisions/README.md');
    for (const page of decisions) {
      const number = Number(DECISION.exec(page)?.[1]);
      const [, heading] = FORM.exec(read(page)) ?? [];
      expect(Number(heading), page).toBe(number);
      expect(index).toContain(`](${page.slice('docs/decisions/'.length)})`);
    }
  });

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

  it.each([
    ['docs/consuming-events.md', 'docs/examples/consume-events.mjs'],
    ['docs/client.md', 'docs/examples/use-client.mjs'],
  ])('shows in %s the example that is tested, in 30 lines at most', (page, file) => {
    const shown = /<!-- example -->\n```js\n([\s\S]*)```\n<!-- \/example -->/;
    const example = read(file);
    expect(shown.exec(read(page))?.[1]).toBe(example);
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
    await expect(text).toMatchFileSnapshot('../../../.env.example');
  });
});
