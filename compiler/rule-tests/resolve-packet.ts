/** `packet tcp 10.1.2.3:4000 > 192.0.2.1:22 flags SYN` as names and values. */
import type { PacketNode, PacketSetting } from '../../grammar/ast.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { type Context, didYouMean } from '../2-resolve/context.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Endpoints, type PortUse, readEndpoints } from './endpoint.ts';
import { type Reading, readFlags, readHex, readInterface, readKinds, readMac, readNumber, readText } from './read-setting.ts';
import { INSTEAD, SETTINGS } from './settings.ts';
import { type PacketProtocol, PROTOCOLS, type TestPacket, TUNNELS, type TunnelName } from './test-packet.ts';
import { TIMING_WORDS } from './timing.ts';

/** Destination ports of tunnels over UDP where the test does not write one (RFC 7348, RFC 8926). */
const TUNNEL_PORTS: Readonly<Partial<Record<TunnelName, number>>> = { vxlan: 4789, geneve: 6081 };
const EPHEMERAL_PORT = 49_152;

/** Null when something in it was refused, which is reported here. @param nested it is carried in another packet */
export function resolvePacket(context: Context, node: PacketNode, nested: boolean): TestPacket | null {
  const protocol = protocolOf(context, node);
  if (protocol === null) return null;
  const settings = readSettings(context, node, protocol, nested);
  const later = settings.numbers.get('frag')?.[0] === 2;
  const { tunnel } = settings;
  // As written: a tunnel that was refused still says that ports may be left out.
  const tunnelled = node.settings.some(({ name }) => TUNNELS.some((word) => word === name.text));
  const endpoints = readEndpoints(context, node, protocol, portUse(protocol, later, tunnelled));
  if (endpoints === null || !settings.sound) return null;
  const checks = [familiesFit, carriageFits, laterFits, frameHasBytes];
  if (!checks.map((check) => check(context, node, protocol, settings, endpoints)).every(Boolean)) return null;
  const { sound: _, ...values } = settings;
  return { protocol, ...withTunnelPorts(endpoints, tunnel?.name), ...values };
}

function protocolOf(context: Context, { protocol }: PacketNode): PacketProtocol | null {
  const known = PROTOCOLS.find((word) => word === protocol.text);
  if (known) return known;
  const type = fieldNamed('proto')?.type;
  const other = type?.kind === 'uint' && Object.hasOwn(type.names ?? {}, protocol.text);
  const meant = other ? null : suggest(protocol.text, PROTOCOLS);
  const words = PROTOCOLS.map((word) => `\`${word}\``).join(', ');
  return context.report('PKT2090', { protocol: protocol.text }, protocol.span, 'not a word for a packet', {
    help: other ? `write \`ip … proto ${protocol.text}\`` : meant === null ? `packets begin with ${words}` : null,
    fixes: meant === null ? [] : [didYouMean(protocol.span, meant)],
  });
}

function portUse(protocol: PacketProtocol, later: boolean, tunnelled: boolean): PortUse {
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) return 'none';
  return later ? 'none in a later fragment' : tunnelled ? 'allowed' : 'needed';
}

function withTunnelPorts({ from, to }: Endpoints, name: TunnelName | undefined): Endpoints {
  const port = name && TUNNEL_PORTS[name];
  if (port === undefined || from === null || to === null) return { from, to };
  return { from: { ...from, port: from.port ?? EPHEMERAL_PORT }, to: { ...to, port: to.port ?? port } };
}

/* Settings */

interface Settings extends Omit<TestPacket, 'protocol' | 'from' | 'to'> {
  /** None was refused. */
  readonly sound: boolean;
}

/** As far as they are read. */
interface Values {
  readonly numbers: Map<string, number[]>;
  readonly kinds: Map<string, number[]>;
  readonly bytes: Map<string, Uint8Array>;
  iface: string | null;
  tunnel: TestPacket['tunnel'];
}

function readSettings(context: Context, node: PacketNode, protocol: PacketProtocol, nested: boolean): Settings {
  const values: Values = { numbers: new Map(), kinds: new Map(), bytes: new Map(), iface: null, tunnel: null };
  const times = new Map<string, number>();
  let sound = true;
  for (const written of node.settings) {
    // When it comes is for `readTiming`, and there is one packet alone in a tunnel.
    if (!nested && TIMING_WORDS.includes(written.name.text)) continue;
    const reading = readingOf(context, protocol, written, nested);
    if (reading === null) {
      sound = false;
      continue;
    }
    const count = (times.get(reading.name) ?? 0) + 1;
    times.set(reading.name, count);
    if (count > (reading.setting.times ?? 1)) {
      const label = reading.setting.times ? `at most ${reading.setting.times} of them` : 'given twice';
      context.report('PKT2092', { setting: reading.name, protocol }, written.name.span, label);
      sound = false;
    } else if (!readInto(values, reading)) sound = false;
  }
  return { ...values, sound };
}

/** The setting that a name stands for; null when this packet has none, which is reported here. */
function readingOf(context: Context, protocol: PacketProtocol, written: PacketSetting, nested: boolean): Reading | null {
  const { text: name, span } = written.name;
  if (Object.hasOwn(LATER_FIELDS, name)) {
    return context.report(
      'PKT2008',
      { what: `\`${name}\` in a test` },
      written.span,
      'part of the language, but not of this version',
    );
  }
  const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
  if (setting === undefined) return unknownSetting(context, protocol, written);
  const inTunnel = nested && setting.outermost;
  if (setting.of.includes(protocol) && !inTunnel) return { context, protocol, name, setting, written };
  const owners = setting.of.slice(0, 4).map((owner) => `\`${owner}\``);
  return context.report(
    'PKT2092',
    { setting: name, protocol },
    span,
    inTunnel ? 'inside a tunnel' : 'not part of this packet',
    {
      help: inTunnel
        ? 'it is about the outer packet: write it there'
        : `${owners.join(', ')}${setting.of.length > 4 ? ' and other' : ''} packets have it`,
    },
  );
}

function unknownSetting(context: Context, protocol: PacketProtocol, { name }: PacketSetting): null {
  const own = Object.entries(SETTINGS).flatMap(([word, { of }]) => (of.includes(protocol) ? [word] : []));
  const qualified = [protocol, 'ip', 'ip6'].map((owner) => `${owner}.${name.text}`).find((word) => own.includes(word));
  const instead = Object.hasOwn(INSTEAD, name.text) ? (INSTEAD[name.text] ?? null) : null;
  const meant = instead === null ? (qualified ?? suggest(name.text, own)) : null;
  return context.report('PKT2091', { setting: name.text }, name.span, 'not something to set', {
    help: instead ?? (meant === null ? 'settings are called as the fields are; the language reference lists them' : null),
    fixes: meant === null ? [] : [didYouMean(name.span, meant)],
  });
}

/** False: refused. */
function readInto(values: Values, reading: Reading): boolean {
  const { name, setting } = reading;
  switch (setting.takes) {
    case 'number':
    case 'flags':
    case 'mac': {
      const read = { number: readNumber, flags: readFlags, mac: readMac }[setting.takes];
      return append(values.numbers, name, read(reading));
    }
    case 'kinds': {
      const kinds = readKinds(reading);
      return kinds?.every((kind) => append(values.kinds, name, kind)) ?? false;
    }
    case 'text':
    case 'hex': {
      const bytes = setting.takes === 'text' ? readText(reading) : readHex(reading);
      if (bytes !== null) values.bytes.set(name, bytes);
      return bytes !== null;
    }
    case 'interface':
      values.iface = readInterface(reading);
      return values.iface !== null;
    case 'packet':
      return readTunnel(values, reading);
  }
}

function append(map: Map<string, number[]>, name: string, value: number | null): boolean {
  if (value !== null) map.set(name, [...(map.get(name) ?? []), value]);
  return value !== null;
}

function readTunnel(values: Values, { context, protocol, name, written }: Reading): boolean {
  const tunnel = TUNNELS.find((word) => word === name);
  const { value } = written;
  if (value.kind !== 'packet' || tunnel === undefined) {
    context.report('PKT2093', { setting: name, takes: 'a packet in parentheses' }, value.span, 'this is a value');
    return false;
  }
  if (values.tunnel !== null) {
    context.report('PKT2092', { setting: name, protocol }, written.name.span, 'a packet carries one other');
    return false;
  }
  const inner = resolvePacket(context, value, true);
  if (inner === null) return false;
  if (inner.protocol === 'frame' || (tunnel === 'ipip' && ['arp', 'ethernet'].includes(inner.protocol))) {
    context.report('PKT2092', { setting: name, protocol: inner.protocol }, value.protocol.span, 'no packet that it carries');
    return false;
  }
  values.tunnel = { name: tunnel, inner };
  return true;
}

/* What settings and addresses say together. */

type Check = (
  context: Context,
  node: PacketNode,
  protocol: PacketProtocol,
  settings: Settings,
  endpoints: Endpoints,
) => boolean;

/** Refuses each setting that a test of it says no to. */
function every(context: Context, node: PacketNode, protocol: PacketProtocol, why: (name: string) => string | null): boolean {
  const wrong = node.settings.flatMap(({ name }) => {
    const label = why(name.text);
    return label === null ? [] : [{ name, label }];
  });
  for (const { name, label } of wrong) context.report('PKT2092', { setting: name.text, protocol }, name.span, label);
  return wrong.length === 0;
}

const familiesFit: Check = (context, node, protocol, _settings, { from }) => {
  const family = from?.address.length === 16 ? 6 : 4;
  return every(context, node, protocol, (name) => {
    const own = SETTINGS[name]?.family;
    return own === undefined || own === family ? null : `it is of IPv${own}, the addresses are IPv${family}`;
  });
};

/** A tunnel's number needs the tunnel, and a packet that carries another has no payload of its own. */
const carriageFits: Check = (context, node, protocol, { tunnel }) =>
  every(context, node, protocol, (name) => {
    const owner = /^(vxlan|geneve|gre)\./.exec(name)?.[1];
    if (owner !== undefined && owner !== tunnel?.name) return `write the packet that it carries: \`${owner}(…)\``;
    const replaced = tunnel !== null && ['payload', 'payload.len', 'proto'].includes(name);
    return replaced ? 'what it carries is the packet in parentheses' : null;
  });

const laterFits: Check = (context, node, protocol, { numbers }) =>
  every(context, node, protocol, (name) =>
    numbers.get('frag')?.[0] === 2 && SETTINGS[name]?.transport ? 'only the first fragment has a transport header' : null,
  );

const frameHasBytes: Check = (context, node, protocol, { bytes }) => {
  if (protocol !== 'frame' || bytes.has('hex')) return true;
  context.report('PKT2094', { protocol }, node.protocol.span, 'it has no bytes', { help: 'write `packet frame hex "0200 …"`' });
  return false;
};
