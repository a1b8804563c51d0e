/** The log dialects by name, as `dialects.ts` lists them: who only wants to know whether there is one needs no parser in memory. */
export const DIALECT_NAMES = [
  'kernel', 'pflog', 'tcpdump', 'filterlog', 'ipfw', 'ulogd', 'clf', 'openbsd-httpd', 'caddy', 'gmid', 'agate', 'molly-brown', 'jetforce',
] as const
