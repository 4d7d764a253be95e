/** What a statement must still satisfy once its shape is right. */
import type { ActionNode, ArgumentNode, Condition, RuleStatement, Statement } from '../../grammar/ast.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { RESERVED_WORDS } from '../../grammar/tokens.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { isAction, isField } from './misspelt.ts';

const RESERVED: ReadonlySet<string> = new Set(RESERVED_WORDS);

/** The first thing wrong with a statement that parsed, or null. */
export function checkStatement(source: SourceFile, statement: Statement): Diagnostic | null {
  switch (statement.kind) {
    case 'rule':
      return checkRule(source, statement);
    case 'default':
      return checkArguments(source, statement.action.arguments);
    case 'set':
      return reservedName(source, statement.name);
    default:
      return null;
  }
}

function checkRule(source: SourceFile, rule: RuleStatement): Diagnostic | null {
  const conditions = [rule.condition, ...(rule.steps?.conditions ?? [])];
  return (
    (rule.label && reservedName(source, rule.label)) ??
    firstOf(conditions, (condition) => checkMixed(source, condition)) ??
    firstOf(rule.actions, (action) => checkArguments(source, action.arguments)) ??
    checkKeys(source, rule.actions)
  );
}

function firstOf<T>(list: readonly T[], check: (item: T) => Diagnostic | null): Diagnostic | null {
  for (const item of list) {
    const found = check(item);
    if (found) return found;
  }
  return null;
}

/** A name glued to its colon (`match:`) reaches the syntax as a label; the parser itself refuses reserved words everywhere else. */
function reservedName(source: SourceFile, name: RuleStatement['label'] & object): Diagnostic | null {
  if (!RESERVED.has(name.text)) return null;
  const fix = {
    title: `choose another name, such as \`${name.text}_1\``,
    edits: [{ span: name.span, text: `${name.text}_1` }],
  };
  return diagnostic('PKT1008', { word: name.text }, { source, span: name.span }, { fixes: [fix] });
}

function checkArguments(source: SourceFile, list: readonly ArgumentNode[]): Diagnostic | null {
  return firstOf(list, (argument) => (argument.kind === 'guard' ? checkMixed(source, argument.condition) : null));
}

/** tcpdump and C disagree about what `a or b and c` means, so the language refuses it. */
function checkMixed(source: SourceFile, condition: Condition): Diagnostic | null {
  switch (condition.kind) {
    case 'or':
      return mixed(source, condition.of) ?? firstOf(condition.of, (part) => checkMixed(source, part));
    case 'and':
      return firstOf(condition.of, (part) => checkMixed(source, part));
    case 'not':
    case 'group':
      return checkMixed(source, condition.of);
    case 'call':
      return checkMixed(source, condition.argument);
    default:
      return null;
  }
}

function mixed(source: SourceFile, alternatives: readonly Condition[]): Diagnostic | null {
  const groups = alternatives.filter((part) => part.kind === 'and');
  const [first] = groups;
  if (first === undefined) return null;
  const edits = groups.flatMap(({ span }) => [
    { span: { start: span.start, end: span.start }, text: '(' },
    { span: { start: span.end, end: span.end }, text: ')' },
  ]);
  const fix = { title: 'say what belongs together: *and* first would be', edits };
  const place = { source, span: first.span, text: 'is this one alternative, or does `or` reach only its neighbour?' };
  return diagnostic('PKT1014', {}, place, { fixes: [fix] });
}

/** `count by src, dport`: a comma separates actions, so a key of several fields has parentheses. */
function checkKeys(source: SourceFile, actions: readonly ActionNode[]): Diagnostic | null {
  for (const [index, action] of actions.entries()) {
    const previous = actions[index - 1];
    const key = previous && openKey(previous);
    const { name } = action;
    if (!key || action.arguments.length > 0 || !isField(name.text) || isAction(name.text)) continue;
    const edits = [
      { span: { start: key.start, end: key.start }, text: '(' },
      { span: { start: name.span.end, end: name.span.end }, text: ')' },
    ];
    const fixes = [{ title: 'put the fields of a compound key in parentheses', edits }];
    return diagnostic('PKT1015', { word: name.text }, { source, span: name.span }, { fixes });
  }
  return null;
}

/** The single field at the end of `… by FIELD` or `… per FIELD`. */
function openKey(action: ActionNode): { readonly start: number } | null {
  const last = action.arguments[action.arguments.length - 1];
  if (last?.kind === 'per' && last.key.words.length === 1) return last.key.words[0]?.span ?? null;
  const before = action.arguments[action.arguments.length - 2];
  const isBy = before?.kind === 'word' && before.text === 'by';
  return isBy && last?.kind === 'word' && isField(last.text) ? last.span : null;
}
