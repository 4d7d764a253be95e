/** Imported first by every script: says plainly that Node is too old, before anything newer is used. */
const MINIMUM = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  process.stderr.write(
    `pktc needs Node ${MINIMUM.join('.')} or newer, and this is ${process.version} (${process.execPath})\n` +
      '  = help: install a newer one from https://nodejs.org/en/download or with your version manager (`nvm install 22`)\n',
  );
  process.exit(1);
}
