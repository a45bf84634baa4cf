# Cuts the power of a file system and of the process that works on it, at one instant: perl cut-power.pl FOLDER PID TRIES
# The process is stopped first, and the cut comes when no thread of it can run another instruction of its own: each stands still,
# or is in a call that the disk holds up, as a sync is, and will stop before it returns. Without that a sync that the cut has made
# worthless could still be taken for a good one, by a process that had lived on for an instant. Stops it at up to so many moments to
# find it in such a call, and prints how many threads were.
use strict;
use warnings;
use Fcntl;

my ($folder, $pid, $tries) = @ARGV;
my $FS_IOC_SHUTDOWN = 0x8004587d;
my $without_log_flush = pack("I", 2);

sub state_of {
    open(my $file, "<", $_[0]) or return;    # a thread that has ended
    return (<$file> // "") =~ /.*\) (\S)/s;
}
sub states { return map { state_of($_) } glob("/proc/$pid/task/*/stat") }

$SIG{ALRM} = sub { die "process $pid does not stand still\n" };
alarm(30);
sysopen(my $disk, $folder, O_RDONLY) or die "$folder: $!\n";
my $held_up = 0;
for my $try (1 .. $tries) {
    last unless kill("STOP", $pid);
    my @now;
    do { @now = states() } while (grep { !/[TtDZX]/ } @now);
    $held_up = grep { $_ eq "D" } @now;
    last if $held_up or $try == $tries;
    kill("CONT", $pid);
    select(undef, undef, undef, rand(0.005));
}
ioctl($disk, $FS_IOC_SHUTDOWN, $without_log_flush) or die "$folder: $!\n";
print "$held_up\n";
