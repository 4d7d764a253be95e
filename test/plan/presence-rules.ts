/** Conditions that tell an absent field from one that is 0, in files whose trees have a byte for that, two, or too little. */

export interface PresenceRules {
  readonly rules: readonly string[];
  /** What is left to be asked beside the boxes. */
  readonly checks: number;
  /** Bytes of the bits in a record. */
  readonly bytes: 1 | 2;
}

const PORTS: readonly string[] = [
  'sport 0-1023',
  'not sport 0-1023',
  'tcp sport != 80 dport 0-79',
  'not (sport 0 or dport 1024-65535)',
  'dport any not sport any',
  'not dport any udp',
  'not dport { 0-9, 53, 1000-2000 }',
  '(sport any or dport 0) not (sport != 0)',
  'sport 0-65535 not dport != 53',
];

const FLAGS: readonly string[] = [
  'flags !SYN',
  'not flags !SYN',
  'flags SYN,!ACK',
  'not flags SYN',
  'not flags !SYN,!ACK',
  'flags any dport 0-1023',
  'not flags any sport any',
  '(flags !ACK or sport 0) not dport any',
];

/** Fields of up to 16 bits, some of which are 0 in most packets that have them. */
const EIGHT: readonly string[] = ['sport', 'dport', 'proto', 'ttl', 'dscp', 'icmp.type', 'vlan', 'ip.id'];

export const PRESENCE_RULES: readonly (readonly [string, PresenceRules])[] = [
  ['ports', { rules: PORTS, checks: 0, bytes: 1 }],
  ['ports and flags', { rules: [...PORTS, ...FLAGS], checks: 0, bytes: 1 }],
  [
    'fields that are asked for alone',
    { rules: ['vlan any', 'not icmp.type any', 'src any not dst any', 'dst any smac any'], checks: 0, bytes: 1 },
  ],
  ['ports and every flag', { rules: [...PORTS, ...FLAGS, 'flags = SYN', 'flags != none'], checks: 0, bytes: 2 }],
  [
    'more than sixteen bits',
    {
      rules: [
        ...EIGHT.flatMap((field) => [`${field} 0-1`, `not ${field} 0-5`]),
        'flags = SYN',
        'flags != none',
        'not flags = none',
      ],
      checks: 1,
      bytes: 2,
    },
  ],
];
