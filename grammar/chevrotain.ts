/**
 * chevrotain in the one file that it ships beside its sources: node reads that in 15 ms, and the hundreds of modules behind the
 * package's entry in 370 ms. What is built has it in its own file (rolldown.config.mjs).
 */
const bundle = new URL('../chevrotain.mjs', import.meta.resolve('chevrotain'));
export const { createToken, CstParser, EOF, Lexer, tokenLabel }: typeof import('chevrotain') = await import(bundle.href);
