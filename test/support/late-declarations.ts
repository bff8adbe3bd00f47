import ts from 'typescript';

type Scope = ts.Block | ts.SourceFile;

/**
 * Finds calls that reach, through functions of the same block, a `const` or `let` that is declared after the call.
 * TypeScript and linters do not follow such functions.
 *
 * @returns `file:line: call reaches name`
 */
export function findLateDeclarations(files: readonly string[]): string[] {
  const program = ts.createProgram([...files], {
    noLib: true,
    noResolve: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ESNext,
  });
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  for (const file of files) {
    const source = program.getSourceFile(file);
    if (source) visit(source, source);
  }
  return [...found];

  function visit(node: ts.Node, source: ts.SourceFile): void {
    if (ts.isBlock(node) || ts.isSourceFile(node)) check(node, source);
    ts.forEachChild(node, (child) => visit(child, source));
  }

  function check(scope: Scope, source: ts.SourceFile): void {
    const { declared, functions } = declarationsIn(scope);
    const reads = new Map([...functions].map(([name, body]) => [name, symbolsIn(body)]));
    for (const statement of scope.statements) {
      if (ts.isFunctionDeclaration(statement)) continue;
      for (const called of callsIn(statement, functions)) {
        for (const symbol of reachedFrom(called, reads)) {
          if ((declared.get(symbol) ?? 0) <= statement.end) continue;
          const { line } = source.getLineAndCharacterOfPosition(statement.getStart());
          found.add(`${source.fileName}:${line + 1}: ${called.name} reaches ${symbol.name}`);
        }
      }
    }
  }

  /** The `const` and `let` declarations of a block with the position of their ends, and its functions. */
  function declarationsIn(scope: Scope) {
    const declared = new Map<ts.Symbol, number>();
    const functions = new Map<ts.Symbol, ts.Node>();
    for (const statement of scope.statements) {
      if (ts.isFunctionDeclaration(statement) && statement.name) {
        const symbol = checker.getSymbolAtLocation(statement.name);
        if (symbol) functions.set(symbol, statement);
      }
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name, initializer } of statement.declarationList.declarations) {
        for (const symbol of symbolsIn(name)) {
          declared.set(symbol, statement.end);
          if (initializer && ts.isFunctionLike(initializer)) functions.set(symbol, initializer);
        }
      }
    }
    return { declared, functions };
  }

  function symbolsIn(node: ts.Node): Set<ts.Symbol> {
    const symbols = new Set<ts.Symbol>();
    const walk = (one: ts.Node): void => {
      const symbol = ts.isIdentifier(one) ? symbolOf(one) : undefined;
      if (symbol) symbols.add(symbol);
      ts.forEachChild(one, walk);
    };
    walk(node);
    return symbols;
  }

  function symbolOf(identifier: ts.Identifier): ts.Symbol | undefined {
    return ts.isShorthandPropertyAssignment(identifier.parent)
      ? checker.getShorthandAssignmentValueSymbol(identifier.parent)
      : checker.getSymbolAtLocation(identifier);
  }

  /** The functions that a statement calls directly, not from a function inside it. */
  function callsIn(statement: ts.Statement, functions: ReadonlyMap<ts.Symbol, ts.Node>) {
    const called = new Set<ts.Symbol>();
    const walk = (one: ts.Node): void => {
      if (ts.isFunctionLike(one)) return;
      if (ts.isCallExpression(one) && ts.isIdentifier(one.expression)) {
        const symbol = symbolOf(one.expression);
        if (symbol && functions.has(symbol)) called.add(symbol);
      }
      ts.forEachChild(one, walk);
    };
    walk(statement);
    return called;
  }
}

function reachedFrom(
  called: ts.Symbol,
  reads: ReadonlyMap<ts.Symbol, ReadonlySet<ts.Symbol>>,
): Set<ts.Symbol> {
  const reached = new Set([called]);
  for (const symbol of reached) {
    for (const next of reads.get(symbol) ?? []) reached.add(next);
  }
  return reached;
}
