# Run inside the client's namespace: COUNT addresses from 10.0.0.1 on knock at one PORT after the other, all at the first before any at the second,
# RATE packets a second. Before the last PORT it says so, and waits for SIGUSR1.
use strict;
use warnings;
use Socket qw(:DEFAULT IPPROTO_RAW);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my ($COUNT, $RATE, @PORTS) = @ARGV;
my $GATE = inet_aton('192.0.2.1');
my $TO = pack_sockaddr_in(0, $GATE);
my $TICK_SECONDS = 0.001;
my $PAUSE_SECONDS = 0.5;
my $SYN = 0x02;
my $WINDOW = 512;
# The pseudo header's protocol and length, and the fields below that do not change.
my $SUM = 6 + 20 + unpack('%32n2', $GATE) + 0x5000 + $SYN + $WINDOW;
# A packet with the source port of another one may be its copy: so each run has source ports of its own.
my $SPORT = 1024 + int rand 60000;

my $is_asked = 0;
local $SIG{USR1} = sub { $is_asked = 1 };
$| = 1;
socket(my $socket, PF_INET, SOCK_RAW, IPPROTO_RAW) or die "socket: $!";
for my $index (0 .. $#PORTS) {
    if ($index == $#PORTS) {
        print "the last\n";
        sleep($TICK_SECONDS) until $is_asked;
    }
    knock_all($PORTS[$index]);
    sleep($PAUSE_SECONDS);
}

sub knock_all {
    my ($port) = @_;
    my $begun = clock_gettime(CLOCK_MONOTONIC);
    for my $number (1 .. $COUNT) {
        sleep($TICK_SECONDS) while $number > $RATE * (clock_gettime(CLOCK_MONOTONIC) - $begun);
        send($socket, packet(pack('CCn', 10, $number >> 16, $number & 0xffff), $port), 0, $TO);
    }
}

# RFC 791, RFC 9293; the kernel fills in the length and the checksum of IP.
sub packet {
    my ($from, $port) = @_;
    my $sum = $SUM + unpack('%32n2', $from) + $SPORT + $port;
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum > 0xffff;
    return pack('CCnnnCCna4a4', 0x45, 0, 40, int rand 65536, 0, 64, 6, 0, $from, $GATE)
        . pack('nnNNnnnn', $SPORT, $port, 0, 0, 0x5000 | $SYN, $WINDOW, 0xffff & ~$sum, 0);
}
