import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { modelFromXml } from '../random/random-models.ts';
import type { ParityModel } from '../support/model.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Small models in which the embedded engine once differed from Operaton; a file says in its name what they are about. */
export function foundModels(): ParityModel[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.bpmn'));
  return files.sort().map((name) => {
    const xml = readFileSync(new URL(name, import.meta.url), 'utf8');
    const messages = [...xml.matchAll(/<bpmn:message [^>]*name="([^"]+)"/g)].map(([, one]) => one);
    return modelFromXml(
      name.replace('.bpmn', '').replaceAll('-', ' '),
      xml,
      messages.filter((one) => one !== undefined),
    );
  });
}
