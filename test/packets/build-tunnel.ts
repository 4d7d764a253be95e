/** Headers that carry whole packets, and MPLS labels: each function puts its header before a body, as in `build-packet.ts`. */
import { concat, integer } from './build-packet.ts';

/** One entry of a label stack (RFC 3032). */
export function mpls(label: number, bottom = true): Uint8Array {
  return integer(label * 4096 + (bottom ? 0x100 : 0) + 64, 4);
}

export interface Gre {
  /** 0x0800 IPv4, 0x86dd IPv6, 0x6558 Ethernet. */
  readonly type: number;
  readonly key?: number;
  readonly sequence?: number;
  readonly checksum?: boolean;
  readonly routing?: boolean;
  readonly version?: number;
}

export function gre(header: Gre, ...body: readonly Uint8Array[]): Uint8Array {
  const { type, key, sequence, checksum = false, routing = false, version = 0 } = header;
  const flags =
    (checksum ? 0x8000 : 0) |
    (routing ? 0x4000 : 0) |
    (key === undefined ? 0 : 0x2000) |
    (sequence === undefined ? 0 : 0x1000) |
    version;
  return concat(
    integer(flags, 2),
    integer(type, 2),
    new Uint8Array(checksum ? 4 : 0),
    key === undefined ? new Uint8Array() : integer(key, 4),
    sequence === undefined ? new Uint8Array() : integer(sequence, 4),
    ...body,
  );
}

export interface Vxlan {
  readonly vni: number;
  /** 0x08 unless said: there is an identifier. */
  readonly flags?: number;
}

/** Behind UDP to port 4789. */
export function vxlan(header: Vxlan, ...body: readonly Uint8Array[]): Uint8Array {
  return concat(integer(header.flags ?? 0x08, 1), integer(0, 3), integer(header.vni, 3), integer(0, 1), ...body);
}

export interface Geneve {
  readonly vni: number;
  /** 0x6558 unless said: Ethernet. */
  readonly type?: number;
  readonly version?: number;
  /** A multiple of four bytes. */
  readonly options?: Uint8Array;
  /** In units of 4 bytes, when the header lies. */
  readonly optionsLength?: number;
}

/** Behind UDP to port 6081. */
export function geneve(header: Geneve, ...body: readonly Uint8Array[]): Uint8Array {
  const options = header.options ?? new Uint8Array();
  return concat(
    integer(((header.version ?? 0) << 6) | (header.optionsLength ?? options.length / 4), 1),
    integer(0, 1),
    integer(header.type ?? 0x6558, 2),
    integer(header.vni, 3),
    integer(0, 1),
    options,
    ...body,
  );
}
