# Run inside the client's namespace: knocks from ever other addresses, then tries the door twice a millisecond, and prints after how many
# milliseconds the first connection stood. Perl, since Node's timers and sockets would take a tenth of a core and come late when both are busy.
use strict;
use warnings;
use Errno qw(EINPROGRESS);
use Socket qw(:DEFAULT SOCK_NONBLOCK);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my ($SECONDS, $FIRST_ROUND, @KNOCKS) = @ARGV;
my $GATE = inet_aton('192.0.2.1');
my $DOOR = 22;
my $PROBE_SECONDS = 0.0005;
my $LIMIT_SECONDS = 3;
# An older attempt was dropped at the gate: its SYN would be sent again after a second.
my $ATTEMPTS = 200;
# Longer than a packet can be a copy (65 s), at the rate of the rounds.
my $ADDRESSES = 240;

$| = 1;
my $begun = clock_gettime(CLOCK_MONOTONIC);
my $round = $FIRST_ROUND;
do {
    my $from = pack_sockaddr_in(0, inet_aton('198.51.100.' . (1 + $round++ % $ADDRESSES)));
    for my $port (@KNOCKS[0 .. $#KNOCKS - 1]) {
        attempt($from, $port);
        # At random, since pcap hands packets over by a clock of its own, which the first knock would set.
        sleep(0.03 + rand 0.1);
    }
    my $knocked = clock_gettime(CLOCK_MONOTONIC);
    attempt($from, $KNOCKS[-1]);
    my $opened = first_connection($from, $knocked);
    printf "%s\n", defined $opened ? sprintf('%.3f', 1000 * ($opened - $knocked)) : 'NaN';
    sleep(0.1 + rand 0.2);
} while (clock_gettime(CLOCK_MONOTONIC) - $begun < $SECONDS);

# When the first of the attempts stood; each is a SYN of its own.
sub first_connection {
    my ($from, $knocked) = @_;
    my ($pending, @attempts) = ('');
    while (clock_gettime(CLOCK_MONOTONIC) - $knocked < $LIMIT_SECONDS) {
        push @attempts, attempt($from, $DOOR);
        vec($pending, fileno $attempts[-1], 1) = 1;
        vec($pending, fileno shift @attempts, 1) = 0 if @attempts > $ATTEMPTS;
        return clock_gettime(CLOCK_MONOTONIC) if select(undef, my $connected = $pending, undef, 0);
        sleep($PROBE_SECONDS);
    }
    return undef;
}

# Sends a SYN; when the socket is dropped it is not sent again.
sub attempt {
    my ($from, $port) = @_;
    socket(my $socket, PF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) or die "socket: $!";
    bind($socket, $from) or die "bind: $!";
    connect($socket, pack_sockaddr_in($port, $GATE)) or $!{EINPROGRESS} or die "connect: $!";
    return $socket;
}
