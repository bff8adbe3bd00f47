import type { MappedValue, Mapping, Passing } from '../program/program.ts';
import { expressionOf } from './draft.ts';
import { extensions, flag, list, type Moddle, one, refuse, text } from './moddle.ts';

/**
 * `camunda:inputOutput` of an element.
 *
 * @see https://docs.camunda.org/manual/7.24/user-guide/process-engine/variables/#input-output-variable-mapping
 */
export function readMappings(element: Moddle): { inputs: Mapping[]; outputs: Mapping[] } {
  const [mapping] = extensions(element, 'inputOutput');
  if (!mapping) return { inputs: [], outputs: [] };
  const read = (parameters: unknown): Mapping[] =>
    list(parameters).map((parameter) => {
      const name = text(parameter, 'name');
      if (!name) throw refuse(element, 'has a parameter of camunda:inputOutput without a name');
      return { name, value: readValue(element, parameter) };
    });
  return { inputs: read(mapping.inputParameters), outputs: read(mapping.outputParameters) };
}

/** The value of a parameter, of an entry or of an item: an expression, a list or a map. */
function readValue(element: Moddle, holder: Moddle): MappedValue {
  const definition = one(holder.definition) ?? (isValue(holder) ? holder : null);
  switch (definition?.$type.toLowerCase()) {
    case 'camunda:list':
      return {
        kind: 'list',
        items: list(definition.items).map((item) => readValue(element, item)),
      };
    case 'camunda:map':
      return {
        kind: 'map',
        entries: list(definition.entries).map((entry) => [
          expressionOf(element, text(entry, 'key') ?? ''),
          readValue(element, entry),
        ]),
      };
    case 'camunda:script':
      throw refuse(
        element,
        'has a script in camunda:inputOutput, which is not run; use an expression',
      );
    default: {
      const source = text(definition ?? holder, 'value');
      if (source === null || source.trim() === '') return { kind: 'null' };
      return { kind: 'expression', expression: expressionOf(element, source.trim()) };
    }
  }
}

function isValue({ $type }: Moddle): boolean {
  return /^camunda:(list|map|script|value)$/i.test($type);
}

/**
 * `camunda:in` and `camunda:out` of a call activity or a thrown signal.
 *
 * @throws ModelError for what Camunda refuses at deployment, too
 */
export function readPassings(element: Moddle, holder: Moddle, name: 'in' | 'out'): Passing[] {
  return extensions(holder, name).map((parameter) => readPassing(element, parameter, name));
}

function readPassing(element: Moddle, parameter: Moddle, name: string): Passing {
  const local = flag(parameter, 'local');
  const businessKey = text(parameter, 'businessKey');
  if (businessKey) return { kind: 'businessKey', source: expressionOf(element, businessKey) };
  if (text(parameter, 'variables') === 'all') return { kind: 'all', local };
  const source = text(parameter, 'source');
  const expression = text(parameter, 'sourceExpression');
  const target = text(parameter, 'target');
  if (!source && !expression) throw refuse(element, `has a camunda:${name} without a source`);
  if (!target) throw refuse(element, `has a camunda:${name} without a target`);
  return source
    ? { kind: 'variable', source, target, local }
    : { kind: 'expression', source: expressionOf(element, expression ?? ''), target, local };
}
