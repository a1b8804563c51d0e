# Run inside the client's namespace: SYNs from random addresses, RATE a second to port PORT, or to one port after the other if it is 0; as many as it can
# if RATE is 0. They come in a burst a millisecond: a pause after each packet, as hping3 makes it, would take more of the processors than the gate does.
use strict;
use warnings;
use Socket qw(:DEFAULT IPPROTO_RAW);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my ($RATE, $PORT) = @ARGV;
my $GATE = inet_aton('192.0.2.1');
my $TO = pack_sockaddr_in(0, $GATE);
my $TICK_SECONDS = 0.001;
# What was missed while it did not run is made up for, a little at a time.
my $BURST = $RATE ? 1 + 5 * $RATE * $TICK_SECONDS : 1000;
my $SYN = 0x02;
my $WINDOW = 512;
# The pseudo header's protocol and length, and the fields below that do not change.
my $SUM = 6 + 20 + unpack('%32n2', $GATE) + 0x5000 + $SYN + $WINDOW;

socket(my $socket, PF_INET, SOCK_RAW, IPPROTO_RAW) or die "socket: $!";
my $sent = 0;
my $begun = clock_gettime(CLOCK_MONOTONIC);
while (1) {
    my $due = $RATE ? $RATE * (clock_gettime(CLOCK_MONOTONIC) - $begun) - $sent : $BURST;
    $due = $BURST if $due > $BURST;
    send($socket, packet($sent++), 0, $TO) while $due-- >= 1;
    sleep($TICK_SECONDS) if $RATE;
}

# RFC 791, RFC 9293; the kernel fills in the length and the checksum of IP.
sub packet {
    my ($count) = @_;
    my $from = pack('CCn', 1 + rand 223, rand 256, rand 65536);
    my ($sport, $dport, $seq) = (1024 + $count % 60000, $PORT || 1024 + $count % 60000, int rand 65536);
    my $sum = $SUM + unpack('%32n2', $from) + $sport + $dport + $seq;
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum > 0xffff;
    return pack('CCnnnCCna4a4', 0x45, 0, 40, $count & 0xffff, 0, 64, 6, 0, $from, $GATE)
        . pack('nnNNnnnn', $sport, $dport, $seq, 0, 0x5000 | $SYN, $WINDOW, 0xffff & ~$sum, 0);
}
