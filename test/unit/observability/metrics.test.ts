import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createArchiveObserver } from '../../../infrastructure/observability/archive-observer.ts';
import { createMetrics } from '../../../infrastructure/observability/metrics.ts';

const PREFIX = 'fastify_camunda_';
const page = readFileSync(new URL('../../../docs/operating/metrics.md', import.meta.url), 'utf8');
const { registry } = createMetrics({ version: '1' });

interface Described {
  name: string;
  help: string;
  labelNames: string[];
}
/** What prom-client keeps of each metric; its types leave the labels out. */
const own = (registry.getMetricsAsArray() as unknown as Described[]).filter(({ name }) =>
  name.startsWith(PREFIX),
);

describe('the documentation of the metrics', () => {
  it('lists each of them, and no other', () => {
    const rows = own.map((metric) => {
      const labels = metric.labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${metric.name}\` | ${metric.constructor.name.toLowerCase()} | ${labels} | ${metric.help} |`;
    });
    const table = ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
    const found = /<!-- metrics -->\n([\s\S]*)\n<!-- \/metrics -->/.exec(page)?.[1];
    expect(found).toBe(table);
  });

  it('has examples for Prometheus that are YAML and use existing metrics', () => {
    const names = new Set(own.map(({ name }) => name));
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
    expect(blocks.length).toBeGreaterThanOrEqual(2);
    for (const block of blocks) {
      expect(parse(block)).toBeTypeOf('object');
      for (const [used = ''] of block.matchAll(/fastify_camunda_\w+/g)) {
        expect(names, used).toContain(used.replace(/_(bucket|sum|count)$/, ''));
      }
    }
  });
});

describe('metrics', () => {
  it('are named as Prometheus asks', () => {
    for (const metric of own) {
      const { name } = metric;
      const type = metric.constructor.name;
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'Counter');
      if (type === 'Histogram') expect(name, name).toMatch(/_seconds$/);
    }
  });

  it('count what each batch of the archiving moves, and its runs that failed', async () => {
    const metrics = createMetrics({ version: '1' });
    const { archiveRun } = createArchiveObserver(metrics);
    const read = () => metrics.registry.metrics();
    await archiveRun(async (onBatch) => {
      onBatch({ processes: 2, events: 5, ms: 40 });
      expect(await read()).toContain('fastify_camunda_archived_total{what="events"} 5');
      onBatch({ processes: 2, events: 4, ms: 60 });
      return { outcome: 'stopped', result: undefined };
    });
    expect(await read()).toContain('fastify_camunda_archive_last_completed_timestamp_seconds 0');
    await archiveRun(async () => ({ outcome: 'ok', result: undefined }));
    expect(await read()).toMatch(/archive_last_completed_timestamp_seconds 1\d{9}/);
    const failing = archiveRun(async () => {
      throw new Error('the database is away');
    });
    await expect(failing).rejects.toThrow('away');
    const text = await metrics.registry.metrics();
    expect(text).toContain('fastify_camunda_archived_total{what="events"} 9');
    expect(text).toContain('fastify_camunda_archive_batch_duration_seconds_bucket{le="0.05"} 1');
    expect(text).toContain('fastify_camunda_archive_batch_duration_seconds_count 2');
    for (const outcome of ['ok', 'stopped', 'error']) {
      expect(text).toContain(
        `fastify_camunda_archive_run_duration_seconds_count{outcome="${outcome}"} 1`,
      );
    }
  });
});
