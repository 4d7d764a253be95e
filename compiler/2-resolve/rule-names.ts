import type { RuleStatement } from '../../grammar/ast.ts';
import { countCharacters, lineAt } from '../diagnostics/position.ts';
import type { Context } from './context.ts';
import { fileAt, type PlacedFile, type Whole } from './placed.ts';

export interface RuleName {
  /** 1-based, in the rule's file. */
  readonly line: number;
  /** null: the label is taken, which has been told. */
  readonly name: string | null;
}

export interface RuleNames {
  readonly nameOf: (rule: RuleStatement) => RuleName;
  /** Notes the label of a rule that was only recognised; false: it is taken. */
  readonly take: (label: RuleStatement['label'] & object) => boolean;
  /** What a file is called in the names of its rules. */
  readonly titleOf: (file: PlacedFile) => string;
}

/** Names rules: the label, or the place `file.rules:12`, with a column from the second on one line. No name is given twice. */
export function createRuleNames({ source, report }: Context, whole: Whole): RuleNames {
  const labels = new Map<string, RuleStatement['label'] & object>();
  const taken = new Set<string>();
  const titles = fileTitles(whole);
  const titleOf = (file: PlacedFile): string => titles.get(file) ?? '';
  const nameOf = ({ label, span }: RuleStatement): RuleName => {
    const file = fileAt(whole, span.start);
    const start = span.start - file.base;
    const line = lineAt(file.lines, start) + 1;
    if (label) {
      const earlier = labels.get(label.text);
      if (!earlier) {
        labels.set(label.text, label);
        return { line, name: label.text };
      }
      report('PKT2009', { label: label.text }, label.span, 'given again', {
        related: [{ source, span: earlier.span, text: 'first given here' }],
        help: 'a label names one rule in events and counters',
      });
      return { line, name: null };
    }
    const place = `${titleOf(file)}:${line}`;
    const name = taken.has(place)
      ? `${place}:${countCharacters(file.source.text, file.lines[line - 1] ?? 0, start) + 1}`
      : place;
    taken.add(place);
    return { line, name };
  };
  const take = (label: RuleStatement['label'] & object): boolean => {
    if (labels.has(label.text)) return false;
    labels.set(label.text, label);
    return true;
  };
  return { nameOf, take, titleOf };
}

/** What each file is called in the names of its rules: the last part of its path, and more of it where another file is called so. */
function fileTitles({ files }: Whole): ReadonlyMap<PlacedFile, string> {
  const paths = files.map((file) => file.source.name.split('/').filter((part) => part !== '' && part !== '.'));
  const titleOf = (index: number): string => {
    const path = paths[index] ?? [];
    for (let parts = 1; parts < path.length; parts++) {
      const title = path.slice(-parts).join('/');
      if (paths.every((other, at) => at === index || other.slice(-parts).join('/') !== title)) return title;
    }
    return path.join('/');
  };
  return new Map(files.map((file, index) => [file, titleOf(index)]));
}
