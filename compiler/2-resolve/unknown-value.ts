import type { Field } from '../../grammar/fields/field.ts';
import { judgeAddress } from '../../grammar/values/address.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { Compared } from './compared.ts';
import { didYouMean, replacing } from './context.ts';
import { given, takes, wordsOf } from './describe.ts';
import { type Item, related } from './items.ts';

/** Services that people name where a port belongs (IANA service names). */
const SERVICES: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  dns: 53,
  domain: 53,
  http: 80,
  ntp: 123,
  snmp: 161,
  bgp: 179,
  ldap: 389,
  https: 443,
  rdp: 3389,
};

/** The value cannot be one of this field. Always null. */
export function wrongType({ context, field }: Compared, item: Item): null {
  const { scalar, written } = item;
  const parameters = { field: field.name, takes: takes(field), given: given(item) };
  // Quotes round a number, an address or a name are the likeliest reason for a string here.
  const unquoted = scalar.kind === 'string' && written === scalar.span && isValueOf(field, scalar.text);
  return context.report('PKT2005', parameters, written, `this is ${parameters.given}`, {
    help: `write for example \`${field.example}\``,
    related: related(context, item, 'by way of this'),
    fixes: unquoted ? [{ title: 'write it without quotes', edits: [{ span: written, text: scalar.text }] }] : [],
  });
}

/** Whether the text, written bare, would be a value of the field. */
function isValueOf(field: Field, text: string): boolean {
  const { type } = field;
  if (Object.hasOwn(wordsOf(field), text)) return true;
  if (type.kind === 'address') return judgeAddress(text).ok;
  if (type.kind === 'mac') return judgeMac(text).ok;
  return type.kind === 'uint' && !type.closed && judgeUint(text, type.bits).ok;
}

/** A word that neither the file nor the field's table knows. Always null. */
export function unknownValue({ context, field }: Compared, item: Item): null {
  const { scalar } = item;
  if (scalar.kind === 'word' && scalar.times !== null) {
    return context.report('PKT2008', { what: 'a multiple of a learned value' }, scalar.span, 'part of a later version');
  }
  const words = Object.keys(wordsOf(field));
  const meant = suggest(scalar.text, [...words, ...context.names.all()]);
  const port = field.name.endsWith('port') && Object.hasOwn(SERVICES, scalar.text) ? SERVICES[scalar.text] : undefined;
  const knows =
    words.length === 0 ? 'not defined in this file' : `neither defined in this file nor a name that \`${field.name}\` knows`;
  const address = field.type.kind === 'address' ? 'host names are not looked up: write the address' : null;
  return context.report('PKT2003', { name: scalar.text }, scalar.span, knows, {
    help: port !== undefined ? 'ports are numbers' : meant !== null ? null : (address ?? listOf(words)),
    fixes: port !== undefined ? [replacing(scalar.span, String(port))] : meant !== null ? [didYouMean(scalar.span, meant)] : [],
  });
}

function listOf(words: readonly string[]): string | null {
  if (words.length === 0) return 'define it with `let`, or write the value';
  const shown = words.slice(0, 8).map((word) => `\`${word}\``);
  return `it knows ${shown.join(', ')}${words.length > shown.length ? ' and more' : ''}`;
}
