/**
 * The absences that hold the house up, one function each: given a file, the places where it breaks the rule.
 * `docs/architecture.md` says why each matters.
 */
import path from 'node:path';
import ts from 'typescript';
import { nodesOf, placeOf, type SourceTree } from './source-tree.ts';

type Rule = (source: SourceTree) => readonly string[];

const roomOf = (file: string): string => file.split('/')[0] ?? '';

/** Phases are pure; the driver (6-build) starts clang and reads templates. */
const isPhase = (file: string): boolean =>
  roomOf(file) === 'grammar' || (roomOf(file) === 'compiler' && !file.startsWith('compiler/6-build/'));

function importsOf(source: SourceTree): readonly { specifier: string; node: ts.Node }[] {
  const found: { specifier: string; node: ts.Node }[] = [];
  for (const node of nodesOf(source.tree)) {
    const specifier =
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined;
    if (specifier && ts.isStringLiteral(specifier)) found.push({ specifier: specifier.text, node });
  }
  return found;
}

const MAY_IMPORT: Readonly<Record<string, (target: string) => boolean>> = {
  grammar: (target) => roomOf(target) === 'grammar',
  compiler: (target) => ['grammar', 'compiler'].includes(roomOf(target)) || target === 'runtime/abi/manifest.ts',
  runtime: (target) => roomOf(target) === 'runtime',
  cli: (target) => ['grammar', 'compiler', 'runtime', 'cli'].includes(roomOf(target)),
  library: (target) =>
    ['grammar', 'compiler', 'runtime', 'library'].includes(roomOf(target)) || target === 'cli/rule-source.ts',
};

/** runtime knows neither grammar nor compiler; grammar knows neither; compiler knows only the artifact's schema. */
export const importsOutOfRoom: Rule = (source) =>
  importsOf(source)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, node }) => ({ target: path.posix.join(path.posix.dirname(source.file), specifier), node }))
    .filter(({ target }) => !MAY_IMPORT[roomOf(source.file)]?.(target))
    .map(({ target, node }) => `${placeOf(source, node)} imports ${target}`);

const PURE_MODULES: ReadonlySet<string> = new Set(['node:crypto', 'node:path', 'node:util', 'node:net']);

/** Only the command line, the driver and the runtime touch the world. */
export const inputOutputInPhase: Rule = (source) => {
  if (!isPhase(source.file)) return [];
  const imports = importsOf(source)
    .filter(({ specifier }) => specifier.startsWith('node:') && !PURE_MODULES.has(specifier))
    .map(({ specifier, node }) => `${placeOf(source, node)} imports ${specifier}`);
  const globals = [...nodesOf(source.tree)]
    .filter((node) => ts.isIdentifier(node) && ['process', 'console', 'fetch'].includes(node.text))
    .filter((node) => ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node)
    .map((node) => `${placeOf(source, node)} uses ${node.getText()}`);
  return [...imports, ...globals];
};

/** A phase answers user text with diagnostics, never with an exception. */
export const throwInPhase: Rule = (source) =>
  isPhase(source.file)
    ? [...nodesOf(source.tree)].filter(ts.isThrowStatement).map((node) => `${placeOf(source, node)} throws`)
    : [];

/** Only the command line prints and exits. */
export const printsOutsideCli: Rule = (source) =>
  roomOf(source.file) === 'cli'
    ? []
    : [...nodesOf(source.tree)]
        .filter(ts.isPropertyAccessExpression)
        .filter((node) => /^(?:console\.\w+|process\.(?:stdout|stderr|exit|exitCode))$/.test(node.getText()))
        .map((node) => `${placeOf(source, node)} uses ${node.getText()}`);

const READONLY_TYPE = /^(?:readonly\b|Readonly\w*<|Record<never)/;

function isMutableInitializer(node: ts.Expression): boolean {
  if (ts.isNewExpression(node)) return /^(?:Map|Set|WeakMap|WeakSet|Array|Buffer|\w*Array)$/.test(node.expression.getText());
  return ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node);
}

/** No state outlives a call: a module-level value is a constant with a readonly type, a function, or a frozen instance. */
export const moduleLevelState: Rule = (source) =>
  source.tree.statements.filter(ts.isVariableStatement).flatMap((statement) => {
    const isConst = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
    return statement.declarationList.declarations
      .filter((declaration) => {
        if (!isConst) return true;
        if (!declaration.initializer || !isMutableInitializer(declaration.initializer)) return false;
        // A named type (`Field`, `Action`, `Target`) has readonly members by the rules of the house; Map, Set and [] need to say so.
        const type = declaration.type?.getText();
        return type === undefined || /^(?:Map|Set|Array|Record)\b|\[\]$/.test(type) ? !READONLY_TYPE.test(type ?? '') : false;
      })
      .map((declaration) => `${placeOf(source, declaration)} \`${declaration.name.getText()}\``);
  });

/** Text that only C has; a phase other than the printer has no business spelling it. */
const C_TEXT = /#include|__always_inline|\bstatic (?:__|const |void |int )|\bif \(.*\) \{|\breturn [\w ]+;|;\\n/;

/** C is data until `5-emit/printer.ts` prints it. */
export const spellsC: Rule = (source) =>
  source.file.startsWith('compiler/') && source.file !== 'compiler/5-emit/printer.ts'
    ? [...nodesOf(source.tree)]
        .filter((node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))
        .filter((node) => C_TEXT.test(node.getText()))
        .map((node) => `${placeOf(source, node)} spells C: ${node.getText().slice(0, 40)}`)
    : [];

const EMPTY_NAMES = /(?:^|\/)(?:utils?|helpers?|common|misc|manager)\.\w+$/;

/** A file is named after what it holds. */
export const saysNothing: Rule = (source) => (EMPTY_NAMES.test(source.file) ? [source.file] : []);

export const MAX_FUNCTION_LINES = 70;

export const longFunction: Rule = (source) =>
  [...nodesOf(source.tree)]
    .filter((node): node is ts.FunctionLikeDeclaration => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined)
    .filter((node) => {
      const start = source.tree.getLineAndCharacterOfPosition(node.getStart()).line;
      const end = source.tree.getLineAndCharacterOfPosition(node.getEnd()).line;
      return end - start + 1 > MAX_FUNCTION_LINES;
    })
    .map((node) => `${placeOf(source, node)} is longer than ${MAX_FUNCTION_LINES} lines`);
