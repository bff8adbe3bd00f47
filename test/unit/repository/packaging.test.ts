import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DCLinter } from 'dclint';
import { DockerfileParser, type From } from 'dockerfile-ast';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configSchema } from '../../../src/config.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

describe('the Dockerfile', () => {
  const file = DockerfileParser.parse(read('Dockerfile'));
  const instructions = file.getInstructions();
  const texts = instructions.map((line) => line.getArguments().map((part) => part.getValue()));
  const all = (keyword: string) =>
    texts.filter((_, at) => instructions[at]?.getKeyword() === keyword);

  it('builds in stages of which only the last is shipped, and defines every stage that it names', () => {
    const froms = instructions.filter((line): line is From => line.getKeyword() === 'FROM');
    const stages = froms.map((from) => from.getBuildStage());
    expect(froms.length).toBeGreaterThan(2);
    const used = file.getCOPYs().flatMap((line) => line.getFromFlag()?.getValue() ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const stage of used) expect(stages).toContain(stage);
  });

  it('runs as a user who is not root, has a health check, and takes SIGTERM itself', () => {
    const last = instructions.findLastIndex((line) => line.getKeyword() === 'FROM');
    const shipped = instructions.slice(last).map((line) => line.getKeyword());
    expect(all('USER').at(-1)).toEqual(['node']);
    expect(shipped).toContain('USER');
    expect(shipped).toContain('HEALTHCHECK');
    // A shell in between would swallow the signal.
    expect(file.getENTRYPOINTs().map((line) => line.getArgumentsContent())).toEqual([
      '["fastify-camunda"]',
    ]);
  });

  it('copies only what is in the repository, and .dockerignore lets all of it through', () => {
    const ignored = read('.dockerignore');
    const copied = file
      .getCOPYs()
      .filter((line) => line.getFlags().length === 0)
      .flatMap((line) =>
        line
          .getArguments()
          .map((part) => part.getValue())
          .slice(0, -1),
      );
    expect(copied).toContain('src');
    for (const name of copied) {
      expect(existsSync(join(ROOT, name)), name).toBe(true);
      expect(ignored).toContain(`\n!${name}\n`);
    }
  });
});

describe('compose.yaml', () => {
  const compose = z
    .object({
      services: z.record(
        z.string(),
        z.object({
          image: z.string().optional(),
          environment: z.record(z.string(), z.unknown()).optional(),
          depends_on: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    })
    .parse(parse(read('compose.yaml'), { merge: true }));

  it('is valid by the schema of the Compose specification', () => {
    const [result] = new DCLinter({
      rules: {},
      quiet: true,
      debug: false,
      exclude: [],
    }).lintFiles([join(ROOT, 'compose.yaml')], false);
    const errors = result?.messages.filter(({ type }: { type: string }) => type === 'error');
    expect(errors).toEqual([]);
  });

  it('has the production parts, a migration job and two instances, each with its dependencies', () => {
    const { services } = compose;
    expect(Object.keys(services).sort()).toEqual(
      ['app-1', 'app-2', 'migrate', 'operaton', 'partner', 'redis', 'sqlserver'].sort(),
    );
    for (const app of ['app-1', 'app-2']) {
      expect(Object.keys(services[app]?.depends_on ?? {}).sort()).toEqual([
        'migrate',
        'operaton',
        'redis',
      ]);
    }
    for (const { image } of Object.values(services)) expect(image).not.toMatch(/:latest$/);
  });

  it('sets only settings that the service knows', () => {
    const known = new Set([...Object.keys(configSchema.shape), 'PARTNER_URL', 'PUBLIC_URL']);
    for (const app of ['app-1', 'app-2']) {
      for (const name of Object.keys(compose.services[app]?.environment ?? {})) {
        expect(known).toContain(name);
      }
    }
  });
});

describe('the workflow', () => {
  it('runs npm test with SQL Server, Redis and the engines as services', () => {
    const job = z.object({
      services: z.record(z.string(), z.object({ image: z.string() })).default({}),
      env: z.record(z.string(), z.string()).default({}),
      steps: z.array(z.object({ run: z.string().optional() })),
    });
    const { jobs } = z
      .object({ jobs: z.record(z.string(), job) })
      .parse(parse(read('.github/workflows/test.yml')));
    const { services = {}, env = {}, steps = [] } = jobs.test ?? {};
    expect(Object.keys(services).sort()).toEqual(['camunda7', 'operaton', 'redis', 'sqlserver']);
    for (const url of ['MSSQL', 'REDIS', 'OPERATON', 'CAMUNDA7']) {
      expect(env).toHaveProperty(`${url}_TEST_URL`);
    }
    expect(steps.map(({ run }) => run)).toContain('npm test');
  });
});
