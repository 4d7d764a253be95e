/** Every generated file of the project: its path, and its text as the generator makes it now. */
import { fieldsHeader } from '../../compiler/5-emit/fields-header.ts';
import { recordsHeader } from '../../compiler/5-emit/records-header.ts';
import { diagnosticsIndex } from './diagnostics-index.ts';
import { languageReference } from './language-reference.ts';
import { textmateGrammar } from './textmate.ts';
import { vimSyntax } from './vim.ts';
import { vocabulary } from './vocabulary.ts';

/** Texts that people write and a generator fills in. */
export interface Sources {
  /** `docs/source/language.md` */
  readonly language: string;
}

/** Path relative to the repository -> text. */
export function generatedFiles(sources: Sources): ReadonlyMap<string, string> {
  const words = vocabulary();
  const grammar = textmateGrammar(words);
  return new Map([
    ['grammar/rules.tmLanguage.json', grammar],
    ['editors/vscode/syntaxes/rules.tmLanguage.json', grammar],
    ['editors/vim/syntax/pktc.vim', vimSyntax(words)],
    ['docs/language.md', languageReference(sources.language)],
    ['docs/diagnostics.md', diagnosticsIndex()],
    ['templates/include/pktc/fields.h', fieldsHeader()],
    ['templates/include/pktc/records.h', recordsHeader()],
  ]);
}
