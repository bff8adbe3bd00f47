import jsep from 'jsep';

/** The operators of a parser, and the longest name among them. */
interface Operators {
  unary_ops: Record<string, number>;
  binary_ops: Record<string, number>;
  max_unop_len: number;
  max_binop_len: number;
}

/** JUEL's operators, the binary ones with their precedence. */
const JUEL: Operators = {
  unary_ops: { '-': 1, '!': 1, not: 1, empty: 1 },
  binary_ops: {
    ...{ '||': 1, or: 1 },
    ...{ '&&': 2, and: 2 },
    ...{ '==': 6, eq: 6, '!=': 6, ne: 6 },
    ...{ '<': 7, lt: 7, '>': 7, gt: 7, '<=': 7, le: 7, '>=': 7, ge: 7 },
    ...{ '+': 9, '-': 9 },
    ...{ '*': 10, '/': 10, div: 10, '%': 10, mod: 10 },
  },
  max_unop_len: 5,
  max_binop_len: 3,
};

const parsed = new Map<string, jsep.Expression>();
export const WHOLE = /^\s*[$#]\{([^}]*)\}\s*$/;
export const PART = /[$#]\{([^}]*)\}/g;

/** @throws Error when the text between the braces is not an expression */
export function parse(source: string): jsep.Expression {
  const known = parsed.get(source);
  if (known) return known;
  const expression = parseJuel(source);
  parsed.set(source, expression);
  return expression;
}

/** jsep has its operators in one place for the whole process: JUEL's are there only while it reads this. */
function parseJuel(source: string): jsep.Expression {
  const { Jsep } = jsep as unknown as { Jsep: Operators };
  const { unary_ops, binary_ops, max_unop_len, max_binop_len } = Jsep;
  Object.assign(Jsep, JUEL);
  try {
    return jsep(source);
  } finally {
    Object.assign(Jsep, { unary_ops, binary_ops, max_unop_len, max_binop_len });
  }
}

/**
 * Checks all that can be known of an expression before it is evaluated.
 *
 * @param methods the names that may be called
 * @throws Error saying what cannot be evaluated
 */
export function checkExpression(text: string, methods: ReadonlySet<string>): void {
  const rest = text.replace(PART, (_, source: string) => {
    checkNode(parse(source), methods);
    return '';
  });
  if (/[$#]\{/.test(rest)) throw new Error('its closing brace is missing');
}

function checkNode(node: jsep.Expression, methods: ReadonlySet<string>): void {
  for (const part of partsOf(node, methods)) checkNode(part, methods);
}

function partsOf(node: jsep.Expression, methods: ReadonlySet<string>): jsep.Expression[] {
  switch (node.type) {
    case 'Literal':
    case 'Identifier':
      return [];
    case 'UnaryExpression':
      return [(node as jsep.UnaryExpression).argument];
    case 'BinaryExpression': {
      const { left, right } = node as jsep.BinaryExpression;
      return [left, right];
    }
    case 'ConditionalExpression': {
      const { test, consequent, alternate } = node as jsep.ConditionalExpression;
      return [test, consequent, alternate];
    }
    case 'CallExpression': {
      const { object, method, given } = methodCall(node as jsep.CallExpression);
      if (!methods.has(method)) throw new Error(`there is no method ${method}`);
      return [object, ...given];
    }
    default:
      throw new Error(`${DESCRIPTIONS[node.type] ?? node.type} is not supported`);
  }
}

const DESCRIPTIONS: Record<string, string> = {
  Compound: 'more than one expression',
  MemberExpression: 'a property (call a method instead)',
  ArrayExpression: 'a list',
  ThisExpression: '"this"',
};

/** @throws Error when something else than a method of a value is called */
export function methodCall({ callee, arguments: given }: jsep.CallExpression): {
  object: jsep.Expression;
  method: string;
  given: readonly jsep.Expression[];
} {
  const member = callee as jsep.MemberExpression;
  if (member.type !== 'MemberExpression' || member.computed) {
    throw new Error('only methods of values can be called');
  }
  return { object: member.object, method: (member.property as jsep.Identifier).name, given };
}
