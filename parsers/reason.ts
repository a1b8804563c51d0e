/** Why a line gave no event. The key is what code compares; the text is what people read. */
export const REASONS = {
  'not-this-dialect': 'not a line of this format',
  'other-program': 'written by another program',
  'not-from-kernel': 'claims to be from the kernel, but its facility or process id says otherwise',
  'arp': 'an ARP packet: no IP addresses',
  'truncated': 'cut short: addresses or ports are missing',
  'at-printk-limit': "fills the kernel's line limit: its end may be forged",
  'control-characters': 'contains control characters',
  'not-utf8': 'contains bytes that are not UTF-8',
  'bad-number': 'a number is out of range',
  'bad-address': 'an address is not a numeric IP address',
  'bad-time': 'its time does not exist',
  'encapsulated': 'a packet inside a packet: the inner source proves nothing',
  'continuation': 'belongs to the line above it (tcpdump without -v prints one line a packet)',
  'repeat-notice': 'a "message repeated" notice: knocks may be hidden by the syslog daemon',
  'ambiguous': 'can be read in two ways',
  'malformed-request': 'the request has no method and path',
  'no-client': 'names no client address',
  'no-forwarded-client': 'comes from a configured proxy, and no client is to be read in X-Forwarded-For',
  'wrong-prefix': 'does not begin with the configured prefix',
  'too-long': 'longer than 8 KiB',
} as const

export type Reason = keyof typeof REASONS
