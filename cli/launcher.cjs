#!/usr/bin/env node
// What Node runs for the command `pktc` (pktc.sh), from a package or from a checkout. CommonJS, and nothing new before the
// version is checked, so that an old Node reads far enough to say that it is too old.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `error: pktc needs Node 20.19 or newer, and this is ${process.version} (${process.execPath})\n` +
      '  = help: install a newer one from https://nodejs.org/en/download or with your version manager (`nvm install 22`)\n',
  );
  process.exit(1);
}

const fs = require('node:fs');
const path = require('node:path');
const url = require('node:url');
const { loadProgram } = require('./load-program.cjs');

const root = path.dirname(__dirname);

// For programs that this one starts (pktc.sh).
if (process.env.PKTC_EXTRA_CA_CERTS !== undefined) {
  process.env.NODE_EXTRA_CA_CERTS = process.env.PKTC_EXTRA_CA_CERTS;
  delete process.env.PKTC_EXTRA_CA_CERTS;
}

/** In a checkout, what runs is what the sources say: packages and build are brought up to date first. */
function prepare() {
  const script = path.join(root, 'scripts', 'setup.mjs');
  if (!fs.existsSync(path.join(root, 'rolldown.config.mjs')) || !fs.existsSync(script)) return Promise.resolve();
  return import(url.pathToFileURL(script).href).then((setup) => setup.prepareCheckout());
}

prepare()
  .then(() => loadProgram(path.join(root, 'dist', 'pktc.cjs')).program.main(process.argv.slice(2)))
  .catch((error) => {
    const text = error.help ? `${error.message}\n  = help: ${error.help}` : error.stack;
    process.stderr.write(`error: ${text}\n`);
    process.exit(1);
  });
