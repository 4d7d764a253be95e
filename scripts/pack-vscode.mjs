/**
 * `npm run vscode`: packs editors/vscode into a .vsix, which `code --install-extension` takes. A .vsix is a zip with two
 * descriptions beside the extension's own files; every time is fixed, so that the same files make the same bytes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

const FOLDER = path.resolve(import.meta.dirname, '../editors/vscode');
/** 1980-01-01 in the form of MS-DOS: the earliest day a zip can name. */
const DOS_DATE = 0x0021;

const escapeXml = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function vsixManifest(extension) {
  const { name, version, publisher, displayName, description, categories, keywords, engines, icon } = extension;
  const property = (id, value) => `      <Property Id="${id}" Value="${escapeXml(value)}" />`;
  const asset = (type, file) => `    <Asset Type="${type}" Path="extension/${file}" Addressable="true" />`;
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${escapeXml(name)}" Version="${escapeXml(version)}" Publisher="${escapeXml(publisher)}" />
    <DisplayName>${escapeXml(displayName)}</DisplayName>
    <Description xml:space="preserve">${escapeXml(description)}</Description>
    <Tags>${escapeXml([...keywords, ...extension.contributes.languages.flatMap((l) => l.extensions.map((e) => `__ext_${e.slice(1)}`))].join(','))}</Tags>
    <Categories>${escapeXml(categories.join(','))}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <Properties>
${property('Microsoft.VisualStudio.Code.Engine', engines.vscode)}
${property('Microsoft.VisualStudio.Code.ExtensionKind', 'ui,workspace,web')}
${property('Microsoft.VisualStudio.Services.GitHubFlavoredMarkdown', 'true')}
    </Properties>
    <License>extension/LICENSE</License>
    <Icon>extension/${escapeXml(icon)}</Icon>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code" />
  </Installation>
  <Dependencies />
  <Assets>
${asset('Microsoft.VisualStudio.Code.Manifest', 'package.json')}
${asset('Microsoft.VisualStudio.Services.Content.Details', 'README.md')}
${asset('Microsoft.VisualStudio.Services.Content.License', 'LICENSE')}
${asset('Microsoft.VisualStudio.Services.Icons.Default', escapeXml(icon))}
  </Assets>
</PackageManifest>
`;
}

const CONTENT_TYPES = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension=".json" ContentType="application/json" />
  <Default Extension=".md" ContentType="text/markdown" />
  <Default Extension=".png" ContentType="image/png" />
  <Default Extension=".svg" ContentType="image/svg+xml" />
  <Default Extension=".vsixmanifest" ContentType="text/xml" />
  <Override PartName="/extension/LICENSE" ContentType="text/plain" />
</Types>
`;

/** The fields that a file's local header and its entry in the directory share (PKWARE APPNOTE 4.4), from `version needed` on. */
function sharedHeader(entry) {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  header.writeUInt16LE(0x0800, 2); // names are UTF-8
  header.writeUInt16LE(8, 4); // deflate
  header.writeUInt16LE(DOS_DATE, 8);
  header.writeUInt32LE(crc32(entry.data), 10);
  header.writeUInt32LE(entry.packed.length, 14);
  header.writeUInt32LE(entry.data.length, 18);
  header.writeUInt16LE(entry.name.length, 22);
  return header;
}

/** A zip of `[name, bytes]` pairs (PKWARE APPNOTE 4.3). */
function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, data] of files) {
    const entry = { name: Buffer.from(name), data, packed: deflateRawSync(data, { level: 9 }) };
    const shared = sharedHeader(entry);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, entry.name, entry.packed]);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), shared, where, entry.name);
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}

/** `.vscodeignore` as far as we use it: exact paths and endings. */
function leftOut(file) {
  const patterns = readFileSync(path.join(FOLDER, '.vscodeignore'), 'utf8').split('\n').filter(Boolean);
  return patterns.some((pattern) => (pattern.startsWith('**/*') ? file.endsWith(pattern.slice(4)) : file === pattern));
}

const extension = JSON.parse(readFileSync(path.join(FOLDER, 'package.json'), 'utf8'));
const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(FOLDER, path.join(entry.parentPath, entry.name)))
  .filter((file) => !leftOut(file))
  .sort();
const target = path.resolve(process.argv[2] ?? `${extension.name}-${extension.version}.vsix`);
writeFileSync(
  target,
  zip([
    ['extension.vsixmanifest', Buffer.from(vsixManifest(extension))],
    ['[Content_Types].xml', Buffer.from(CONTENT_TYPES)],
    ...files.map((file) => [`extension/${file}`, readFileSync(path.join(FOLDER, file))]),
  ]),
);
console.log(`${target}: ${files.length} files; install it with: code --install-extension ${path.basename(target)}`);
