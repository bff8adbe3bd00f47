export interface ReadMetrics {
  text: string;
  /** The value of one of our metrics, named without its prefix, with exactly these labels. */
  value(name: string, labels?: Record<string, string>): number | undefined;
}

/** Scrapes a service as Prometheus does. */
export async function readMetrics(url: string): Promise<ReadMetrics> {
  const answer = await fetch(`${url}/metrics`);
  if (!answer.ok) throw new Error(`GET /metrics answered ${answer.status}`);
  const text = await answer.text();
  return {
    text,
    value(name, labels = {}) {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      for (const line of text.split('\n')) {
        const found = /^fastify_camunda_(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
        if (found?.[1] !== name) continue;
        const given = found[2] ? found[2].split(/,(?=\w+=)/) : [];
        if (given.length === wanted.length && wanted.every((one) => given.includes(one))) {
          return Number(found[3]);
        }
      }
      return undefined;
    },
  };
}
