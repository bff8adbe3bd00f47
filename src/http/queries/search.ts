import { z } from 'zod';
import {
  indexedIn,
  MAX_SOUGHT,
  readSought,
  readSoughtText,
  type SoughtIdentifier,
  type SoughtText,
} from '../../../domain/identifiers/index.ts';
import { isPersonalIdentifier, type ProcessDefinition } from '../../../domain/steps/index.ts';
import { queryOf } from './parameters.ts';

export type Definitions = ReadonlyMap<
  string,
  Pick<ProcessDefinition, 'identifiers' | 'example' | 'input' | 'personal'>
>;

/** Parameters whose names begin so search for the identifier of the name behind it. */
export const PREFIX = 'identifier.';
/** The field in which a parsed query has them. */
export const SEARCH_FIELD = 'identifier';

const REPEATED = 'is given more than once; a process has one value of it';

/** Characters, an asterisk at the end included. */
const LENGTH = { min: 1, max: 255 };
const EMPTY = 'must not be empty; leave it out to have all';

const errorCode = z
  .string({ error: REPEATED })
  .min(LENGTH.min, EMPTY)
  .max(LENGTH.max)
  .transform((text, context): SoughtText => {
    const sought = readSoughtText(text);
    if (!('wrong' in sought)) return sought;
    context.addIssue({ code: 'custom', message: sought.wrong });
    return z.NEVER;
  })
  .optional();

const identifiers = z
  .record(z.string(), z.unknown(), {
    error: 'must name what is searched for, as in identifier.userId=42',
  })
  .transform((given, context): SoughtIdentifier[] => {
    const found: SoughtIdentifier[] = [];
    const report = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message });
    for (const [name, text] of Object.entries(given)) {
      const sought = typeof text === 'string' ? readSought(name, text) : { wrong: REPEATED };
      if ('wrong' in sought) report(name, sought.wrong);
      else found.push(sought);
    }
    if (found.length > MAX_SOUGHT) {
      const last = found.at(-1)?.name ?? '';
      report(last, `is one too many: a search takes ${MAX_SOUGHT} identifiers at most`);
    }
    // The same search has the same cursor, in whatever order it is written.
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  })
  .optional();

/**
 * As `queryOf`, of a route that also searches by business data: `errorCode`, and `identifier.<name>` for any name. The
 * OpenAPI document shows those that the loaded definitions have.
 *
 * @param what says whose error code it is
 */
export function searchQueryOf<Shape extends z.ZodRawShape>(
  shape: Shape,
  definitions: Definitions,
  what: string,
) {
  const all = {
    ...shape,
    errorCode: errorCode.describe(`${what}; with \`*\` at the end one that begins so`),
    ...documentedFields(definitions),
    [SEARCH_FIELD]: identifiers,
  };
  return z.preprocess(
    collectIdentifiers,
    queryOf(all as Shape & { errorCode: typeof errorCode; identifier: typeof identifiers }).check(
      (context) => {
        const query = context.value as { process?: unknown; identifier?: SoughtIdentifier[] };
        for (const { name, isPrefix } of query.identifier ?? []) {
          if (!isPrefix || !isPersonalIdentifier(definitions, query.process, name)) continue;
          context.issues.push({
            code: 'custom',
            input: context.value,
            path: [SEARCH_FIELD, name],
            message:
              'is personal, so only a hash of the whole value is stored; give the whole value, without * at its end',
          });
        }
      },
    ),
  );
}

/** Moves the parameters of identifiers into one field. */
function collectIdentifiers(query: unknown): unknown {
  if (typeof query !== 'object' || query === null) return query;
  const others: Record<string, unknown> = {};
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(query)) {
    if (name.startsWith(PREFIX)) found[name.slice(PREFIX.length)] = value;
    else others[name] = value;
  }
  return Object.keys(found).length > 0 ? { ...others, [SEARCH_FIELD]: found } : others;
}

/** The identifiers that the definitions make of their examples, each as a parameter of its own. */
function documentedFields(definitions: Definitions): Record<string, z.ZodType> {
  const fields: Record<string, z.ZodType> = {};
  for (const definition of definitions.values()) {
    const { success, data } = definition.input.safeParse(definition.example);
    if (!success) continue;
    for (const { name } of indexedIn(definition.identifiers(data as never))) {
      const isWhole = isPersonalIdentifier(definitions, undefined, name);
      fields[PREFIX + name] = z
        .string()
        .min(LENGTH.min)
        .max(LENGTH.max)
        .optional()
        .describe(
          `The business identifier ${name}; ${isWhole ? 'personal, so the whole value' : 'with `*` at the end one that begins so'}. Other identifiers are searched for by their own names`,
        );
    }
  }
  return fields;
}
