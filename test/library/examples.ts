/** The TypeScript in `docs/library.md`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../house/source-tree.ts';

export interface Example {
  /** `example-1.mts` */
  readonly name: string;
  readonly text: string;
}

export function exampleFiles(): readonly Example[] {
  const page = readFileSync(path.join(ROOT, 'docs/library.md'), 'utf8');
  return [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = ''], index) => ({
    name: `example-${index + 1}.mts`,
    text,
  }));
}

/** What the compiler says of them; `pktc` is the source of the library. */
export function typeMistakes(examples: readonly Example[]): readonly { readonly name: string; readonly message: string }[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.esnext.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    paths: { pktc: [path.join(ROOT, 'library/index.ts')] },
  };
  const host = ts.createCompilerHost(options);
  const texts = new Map(examples.map(({ name, text }) => [path.join(ROOT, 'docs', name), text]));
  const { fileExists, readFile } = host;
  host.getCurrentDirectory = () => ROOT;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  const { getSourceFile } = host;
  host.getSourceFile = (file, version, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version, true);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()]
    .map((file) => program.getSourceFile(file)!)
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ file, messageText }) => ({
      name: path.basename(file?.fileName ?? ''),
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
}

/** For Node 20, which does not know `await using`. */
export function asJavaScript({ text }: Example): string {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return outputText;
}
