import type { FieldGroup } from './field.ts';

/** Fields of the language that this version knows by name and does not carry out yet. */
export const LATER_FIELDS: Readonly<Record<string, FieldGroup>> = {
  'http.method': 'application',
  'http.host': 'application',
  'http.path': 'application',
  'http.status': 'application',
  'http.route': 'application',
  'http.latency': 'application',
  'dns.qname': 'application',
  'dns.qtype': 'application',
  'dns.rcode': 'application',
  'tls.sni': 'application',
  'tls.version': 'application',
  'ssh.banner': 'application',
  rate: 'time',
  pps: 'time',
  rtt: 'time',
  p99: 'time',
  baseline: 'time',
  distinct: 'time',
};
