import { isNcName } from '../../domain/common/index.ts';

interface Element {
  readonly $descriptor: { idProperty?: { name: string } };
  readonly [property: string]: unknown;
}

/** What moddle-xml keeps while it reads a file. */
interface Context {
  elementsById: Record<string, Element>;
  addElement(element: Element): void;
}

interface Reader {
  handler(typeName: string): { context?: Context };
}

/** Beyond the letters that moddle-xml takes in an id. */
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * Options for moddle-xml's reader, which refuses ids with letters outside of ASCII, though BPMN and the engines have
 * any XML name. A handler of its own for the root element shows the reader's context, whose check is replaced.
 */
export const takeAllIds = {
  handler(this: Reader, typeName: string): { context?: Context } {
    const root = (Object.getPrototypeOf(this) as Reader).handler.call(this, typeName);
    let context: Context | undefined;
    return Object.defineProperty(root, 'context', {
      get: () => context,
      set(given: Context | undefined) {
        context = given && withAllIds(given);
      },
    });
  },
};

function withAllIds(context: Context): Context {
  const { elementsById } = context;
  const addAscii = context.addElement.bind(context);
  context.addElement = (element) => {
    const { idProperty } = element.$descriptor;
    const id = idProperty && element[idProperty.name];
    if (typeof id !== 'string' || !NOT_ASCII.test(id)) return addAscii(element);
    if (!isNcName(id)) throw new Error(`illegal ID <${id}>`);
    if (elementsById[id]) throw new Error(`duplicate ID <${id}>`);
    elementsById[id] = element;
  };
  return context;
}
