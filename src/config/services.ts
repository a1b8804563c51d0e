/** What is commonly found on ports below 1024 (names as in IANA's registry), by protocol. */
const SERVICES: Readonly<Record<'tcp' | 'udp', Readonly<Record<number, string>>>> = {
  tcp: {
    7: 'echo', 9: 'discard', 13: 'daytime', 19: 'chargen', 20: 'ftp-data', 21: 'ftp', 22: 'ssh', 23: 'telnet',
    25: 'smtp', 37: 'time', 43: 'whois', 49: 'tacacs', 53: 'domain', 70: 'gopher', 79: 'finger', 80: 'http',
    88: 'kerberos', 102: 'iso-tsap', 109: 'pop2', 110: 'pop3', 111: 'sunrpc', 113: 'ident', 119: 'nntp', 135: 'epmap',
    139: 'netbios-ssn', 143: 'imap', 161: 'snmp', 162: 'snmptrap', 179: 'bgp', 194: 'irc', 199: 'smux', 264: 'bgmp',
    389: 'ldap', 427: 'svrloc', 443: 'https', 444: 'snpp', 445: 'microsoft-ds', 464: 'kpasswd', 465: 'submissions',
    502: 'mbap', 512: 'exec', 513: 'login', 514: 'shell', 515: 'printer', 540: 'uucp', 543: 'klogin', 544: 'kshell',
    548: 'afpovertcp', 554: 'rtsp', 563: 'nntps', 587: 'submission', 593: 'http-rpc-epmap', 623: 'oob-ws-http',
    631: 'ipp', 636: 'ldaps', 639: 'msdp', 646: 'ldp', 655: 'tinc', 691: 'msexch-routing', 749: 'kerberos-adm',
    783: 'spamd', 830: 'netconf-ssh', 843: 'flash-policy', 853: 'domain-s', 860: 'iscsi', 873: 'rsync',
    902: 'vmware-auth', 989: 'ftps-data', 990: 'ftps', 992: 'telnets', 993: 'imaps', 995: 'pop3s',
  },
  udp: {
    7: 'echo', 9: 'discard', 13: 'daytime', 19: 'chargen', 37: 'time', 49: 'tacacs', 53: 'domain', 67: 'bootps',
    68: 'bootpc', 69: 'tftp', 80: 'http', 88: 'kerberos', 111: 'sunrpc', 123: 'ntp', 137: 'netbios-ns',
    138: 'netbios-dgm', 161: 'snmp', 162: 'snmptrap', 177: 'xdmcp', 319: 'ptp-event', 320: 'ptp-general', 389: 'ldap',
    427: 'svrloc', 443: 'https', 464: 'kpasswd', 500: 'isakmp', 514: 'syslog', 517: 'talk', 518: 'ntalk',
    520: 'router', 521: 'ripng', 546: 'dhcpv6-client', 547: 'dhcpv6-server', 554: 'rtsp', 623: 'asf-rmcp', 631: 'ipp',
    646: 'ldp', 655: 'tinc', 750: 'kerberos-iv', 853: 'domain-s',
  },
}

/** The service that usually has this port, if it is below 1024. */
export function serviceOn(port: number, proto: 'tcp' | 'udp'): string | undefined {
  return SERVICES[proto][port]
}
