// dist/pktc.cjs, with what V8 made of it when it was built: to make it anew is a fifth of what most commands take (docs/performance.md, Compiler).

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

const HASH_BYTES = 32;

/** Beside the program: whoever may change the one may change the other. Not in the package, as other versions of Node cannot use it. @param {string} file */
const codeFile = (file) => path.join(path.dirname(file), `.${path.basename(file)}.code`);

/** V8 itself compares the length of the text, and no more. @param {Buffer} text @param {Buffer} code */
const hashOf = (text, code) => createHash('sha256').update(text).update(code).digest();

/** @param {string} file @param {Buffer} text @returns {Buffer | undefined} undefined: there is none, it is of another text, or damaged */
function keptCode(file, text) {
  let kept;
  try {
    kept = fs.readFileSync(codeFile(file));
  } catch {
    return undefined;
  }
  const code = kept.subarray(HASH_BYTES);
  return kept.subarray(0, HASH_BYTES).equals(hashOf(text, code)) ? code : undefined;
}

/**
 * @param {string} file
 * @returns {{ program: { main(argv: readonly string[]): Promise<void> }, kept: boolean, keepCode: () => void }} what it exports; whether
 * V8 took what was kept; and what keeps the functions that have been called by then, for the next time
 */
function loadProgram(file) {
  const text = fs.readFileSync(file);
  const cachedData = keptCode(file, text);
  const script = new Script(Module.wrap(text.toString()), { filename: file, cachedData });
  const module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, Module.createRequire(file), module, file, path.dirname(file));
  const keepCode = () => {
    const code = script.createCachedData();
    const fresh = `${codeFile(file)}.${process.pid}`;
    fs.writeFileSync(fresh, Buffer.concat([hashOf(text, code), code]));
    fs.renameSync(fresh, codeFile(file));
  };
  return { program: module.exports, kept: cachedData !== undefined && script.cachedDataRejected === false, keepCode };
}

module.exports = { loadProgram };
