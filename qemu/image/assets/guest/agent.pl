#!/usr/bin/perl
# The VM engine's agent in the guest: one process, one select loop, newline-delimited JSON over one
# virtio-serial port. Runs on perl-base alone, so that it costs no package and little memory.
#
# Request  {"id":"7","op":"ping", ...}   Answer  {"id":"7","ok":true, ...} | {"id":"7","ok":false,"error":"..."}
# A line that is no request is dropped without an answer; nothing a host sends may end this program.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use Fcntl qw(O_RDWR O_WRONLY O_RDONLY O_CREAT O_TRUNC O_APPEND O_NONBLOCK O_ASYNC F_GETFL F_SETFL F_SETOWN);
use POSIX qw(WNOHANG);
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);

use constant {
	PORT             => $ENV{SPECTEST_AGENT_PORT} // '/dev/virtio-ports/org.spectest.agent',
	STATE_DIR        => $ENV{SPECTEST_AGENT_STATE} // '/run/spectest',
	DOCKER_SOCKET    => $ENV{SPECTEST_AGENT_DOCKER} // '/run/docker.sock',
	LINE_MAX_BYTES   => 4 << 20,
	OUTPUT_MAX_BYTES => 256 << 10,
	READ_BYTES       => 64 << 10,
	# While no host holds the port, reads return 0 at once. A host that comes is announced by SIGIO; in case that is
	# missed, look this often (seconds).
	AWAY_SLEEP       => 0.25,
	DOCKER_SLEEP     => 0.1,
	# x86-64 system calls and requests that perl-base has no name for.
	SYS_SYNC         => 162,
	SYS_SETTIME      => 227,
	SYS_GETTIME      => 228,
	CLOCK_REALTIME   => 0,
	CLOCK_BOOTTIME   => 7,
	RNDADDENTROPY    => 0x40085203,
	RNDRESEEDCRNG    => 0x5207,
};

my $port;              # the virtio port
my $inbox    = '';     # bytes read, no full line yet
my $skipping = 0;      # an overlong line is being dropped up to its end
my $outbox   = '';     # bytes to write
my $away     = 1;      # no host holds the port
my $look_now = 1;      # the next look at the port must not wait
my %jobs;              # pid => running exec
my %probes;            # fileno => Docker probe in flight
my $docker   = 0;      # Docker answered
my $probe_at = 0;      # next look at Docker while it is starting

# ---------------------------------------------------------------- JSON

my %ESCAPES = ('"' => '"', '\\' => '\\', '/' => '/', b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");

# Values are hashes, arrays, byte strings (UTF-8) and undef; true is 1, false is 0. Dies on anything else.
sub decode_json {
	my ($text) = @_;
	pos($text) = 0;
	my $value = decode_value(\$text, 0);
	$text =~ /\G\s*\z/ or die "trailing text\n";
	return $value;
}

sub decode_value {
	my ($text, $depth) = @_;
	die "too deep\n" if $depth > 8;
	$$text =~ /\G\s*/gc;
	return decode_string($text) if $$text =~ /\G"/gc;
	return $1                   if $$text =~ /\G(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/gc;
	return decode_object($text, $depth) if $$text =~ /\G\{\s*/gc;
	return decode_array($text, $depth)  if $$text =~ /\G\[\s*/gc;
	return { true => 1, false => 0, null => undef }->{$1} if $$text =~ /\G(true|false|null)/gc;
	die "not JSON\n";
}

sub decode_object {
	my ($text, $depth) = @_;
	my %object;
	return \%object if $$text =~ /\G\}/gc;
	while (1) {
		$$text =~ /\G\s*"/gc or die "no key\n";
		my $key = decode_string($text);
		$$text =~ /\G\s*:/gc or die "no colon\n";
		$object{$key} = decode_value($text, $depth + 1);
		return \%object if $$text =~ /\G\s*\}/gc;
		$$text =~ /\G\s*,/gc or die "no comma\n";
	}
}

sub decode_array {
	my ($text, $depth) = @_;
	my @array;
	return \@array if $$text =~ /\G\]/gc;
	while (1) {
		push @array, decode_value($text, $depth + 1);
		return \@array if $$text =~ /\G\s*\]/gc;
		$$text =~ /\G\s*,/gc or die "no comma\n";
	}
}

sub decode_string {
	my ($text) = @_;
	my $string = '';
	while (1) {
		$string .= $1 if $$text =~ /\G([^"\\]+)/gc;
		return $string if $$text =~ /\G"/gc;
		if ($$text =~ /\G\\u([0-9a-fA-F]{4})/gc) {
			my $code = hex $1;
			if ($code >= 0xD800 && $code < 0xDC00 && $$text =~ /\G\\u([dD][c-fC-F][0-9a-fA-F]{2})/gc) {
				$code = 0x10000 + (($code - 0xD800) << 10) + (hex($1) - 0xDC00);
			}
			my $char = chr $code;
			utf8::encode($char);
			$string .= $char;
		}
		elsif ($$text =~ /\G\\(["\\\/bfnrt])/gc) { $string .= $ESCAPES{$1} }
		else                                     { die "bad string\n" }
	}
}

# Scalars become strings; a reference to a number is written bare, \'true' and \'false' too.
sub encode_json {
	my ($value) = @_;
	return 'null' if !defined $value;
	return $$value if ref $value eq 'SCALAR';
	if (ref $value eq 'HASH') {
		return '{' . join(',', map { encode_json($_) . ':' . encode_json($value->{$_}) } sort keys %$value) . '}';
	}
	my $text = $value;
	$text =~ s/(["\\])/\\$1/g;
	$text =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
	return "\"$text\"";
}

sub decode_base64 {
	my ($text) = @_;
	$text =~ tr{A-Za-z0-9+/}{}cd;
	$text =~ tr{A-Za-z0-9+/}{ -_};
	my $bytes = '';
	while ($text =~ /\G(.{1,60})/gs) {
		$bytes .= unpack 'u', chr(32 + int(length($1) * 3 / 4)) . $1;
	}
	return $bytes;
}

# ---------------------------------------------------------------- clocks

sub clock_ns {
	my ($clock) = @_;
	my $spec = pack 'q2', 0, 0;
	syscall(SYS_GETTIME, $clock, $spec) == 0 or die "clock_gettime: $!\n";
	my ($seconds, $nanos) = unpack 'q2', $spec;
	return $seconds * 1_000_000_000 + $nanos;
}

sub now { return clock_ns(CLOCK_BOOTTIME) / 1e9 }

# ---------------------------------------------------------------- operations

# Each takes the request and returns the fields of the answer, dies with the reason, or returns undef when it
# will answer later by itself.
my %OPERATIONS = (
	ping     => \&op_ping,
	identity => \&op_identity,
	write    => \&op_write,
	spawn    => \&op_spawn,
	exec     => \&op_exec,
	sync     => sub { syscall(SYS_SYNC); return {} },
	quiesce  => \&op_quiesce,
	status   => \&op_status,
	shutdown => \&op_shutdown,
);

sub op_ping {
	return { uptimeMs => \int(clock_ns(CLOCK_BOOTTIME) / 1e6), bootId => slurp('/proc/sys/kernel/random/boot_id') };
}

# The answer to being forked: new entropy, the host's time, a name. Touches nothing that could be slow.
sub op_identity {
	my ($request) = @_;
	my $fork_id = need($request, 'forkId');
	my $entropy = pack 'H*', need($request, 'entropy');
	length $entropy >= 32 or die "entropy must be 32 bytes or more, in hex\n";

	open my $random, '+<', '/dev/urandom' or die "/dev/urandom: $!\n";
	ioctl $random, RNDADDENTROPY, pack('i2', 8 * length $entropy, length $entropy) . $entropy or die "RNDADDENTROPY: $!\n";
	ioctl $random, RNDRESEEDCRNG, 0 or die "RNDRESEEDCRNG: $!\n";
	close $random;

	my $wall_ns = $request->{wallClockNs};
	if (defined $wall_ns) {
		$wall_ns =~ /^\d+$/ or die "wallClockNs must be a whole number\n";
		my $spec = pack 'q2', int(substr("0$wall_ns", 0, -9) || 0), int(substr($wall_ns, -9));
		syscall(SYS_SETTIME, CLOCK_REALTIME, $spec) == 0 or die "clock_settime: $!\n";
	}
	my $read_back = '' . clock_ns(CLOCK_REALTIME);
	replace(STATE_DIR . '/identity.json', encode_json({ forkId => $fork_id, at => $read_back }) . "\n");
	return { forkId => $fork_id, wallClockNs => $read_back };
}

# One chunk of a file. Chunks collect beside the target, which appears whole with the chunk marked last.
sub op_write {
	my ($request) = @_;
	my $path  = need($request, 'path');
	my $bytes = decode_base64($request->{dataBase64} // '');
	my $part  = "$path.spectest-part";
	make_parents($path);
	sysopen my $file, $part, O_WRONLY | O_CREAT | ($request->{append} ? O_APPEND : O_TRUNC), 0600 or die "$part: $!\n";
	my $done = 0;
	while ($done < length $bytes) {
		my $count = syswrite $file, $bytes, length($bytes) - $done, $done;
		defined $count or die "$part: $!\n";
		$done += $count;
	}
	close $file or die "$part: $!\n";
	if ($request->{last}) {
		chmod $request->{mode} // 0644, $part or die "$part: $!\n";
		rename $part, $path or die "$path: $!\n";
	}
	return { bytes => \length $bytes };
}

sub op_spawn {
	my ($request) = @_;
	my @argv = need_argv($request);
	my $log  = $request->{log} // '/dev/null';
	make_parents($log);
	sysopen my $out, $log, O_WRONLY | O_CREAT | O_APPEND, 0644 or die "$log: $!\n";
	open my $in, '<', '/dev/null' or die "/dev/null: $!\n";
	my $pid = start(\@argv, $request->{env}, $in, $out, $out);
	return { pid => \$pid };
}

sub op_exec {
	my ($request) = @_;
	my @argv = need_argv($request);
	pipe my $in_read,  my $in_write  or die "pipe: $!\n";
	pipe my $out_read, my $out_write or die "pipe: $!\n";
	pipe my $err_read, my $err_write or die "pipe: $!\n";
	my $pid = start(\@argv, $request->{env}, $in_read, $out_write, $err_write);
	close $_ for $in_read, $out_write, $err_write;
	nonblocking($_) for $in_write, $out_read, $err_read;
	$jobs{$pid} = {
		id       => $request->{id},
		stdin    => $request->{stdin} // '',
		in       => $in_write,
		out      => $out_read,
		err      => $err_read,
		stdout   => '',
		stderr   => '',
		deadline => $request->{timeoutMs} ? now() + $request->{timeoutMs} / 1000 : undef,
	};
	return undef;
}

# Everything to disk and the page cache dropped, so that a template's RAM file carries no clean file pages.
sub op_quiesce {
	syscall(SYS_SYNC);
	for my $knob (['/proc/sys/vm/drop_caches', 3], ['/proc/sys/vm/compact_memory', 1]) {
		open my $file, '>', $knob->[0] or next;
		print {$file} $knob->[1];
		close $file;
	}
	return {};
}

sub op_status {
	my ($request) = @_;
	probe_docker($request->{id}) and return undef;
	return status_fields();
}

sub op_shutdown {
	start(['/usr/lib/spectest/shutdown'], undef, undef, undef, undef);
	return {};
}

sub status_fields {
	return {
		docker   => \($docker ? 'true' : 'false'),
		uptimeMs => \int(clock_ns(CLOCK_BOOTTIME) / 1e6),
		identity => slurp(STATE_DIR . '/identity.json'),
	};
}

# ---------------------------------------------------------------- helpers

sub need {
	my ($request, $name) = @_;
	my $value = $request->{$name};
	defined $value && !ref $value && length $value or die "$name is missing\n";
	return $value;
}

sub need_argv {
	my ($request) = @_;
	my $argv = $request->{argv};
	ref $argv eq 'ARRAY' && @$argv && defined $argv->[0] && !ref $argv->[0] or die "argv is missing\n";
	return map { $_ // '' } @$argv;
}

sub slurp {
	my ($path) = @_;
	open my $file, '<', $path or return undef;
	local $/;
	my $text = <$file> // '';
	$text =~ s/\s+\z//;
	return $text;
}

sub replace {
	my ($path, $text) = @_;
	open my $file, '>', "$path.new" or die "$path: $!\n";
	print {$file} $text or die "$path: $!\n";
	close $file or die "$path: $!\n";
	rename "$path.new", $path or die "$path: $!\n";
}

sub make_parents {
	my ($path) = @_;
	my $at = '';
	for my $name (split m{/}, $path =~ s{/[^/]*\z}{}r) {
		$at .= "$name/";
		mkdir $at, 0755 or $!{EEXIST} or die "$at: $!\n";
	}
}

sub nonblocking {
	my ($handle) = @_;
	fcntl $handle, F_SETFL, fcntl($handle, F_GETFL, 0) | O_NONBLOCK;
}

# Forks and executes in a session of its own. A failure to execute is an exit code of 127 and a line on stderr.
sub start {
	my ($argv, $env, $in, $out, $err) = @_;
	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	POSIX::setsid();
	$SIG{$_} = 'DEFAULT' for qw(PIPE TERM INT HUP CHLD IO);
	POSIX::dup2(fileno $in,  0) if $in;
	POSIX::dup2(fileno $out, 1) if $out;
	POSIX::dup2(fileno $err, 2) if $err;
	POSIX::close($_) for 3 .. 63;
	%ENV = (%ENV, map { $_ => $env->{$_} // '' } keys %$env) if ref $env eq 'HASH';
	chdir '/';
	{ no warnings 'exec'; exec { $argv->[0] } @$argv }
	syswrite STDERR, "$argv->[0]: $!\n";
	POSIX::_exit(127);
}

# ---------------------------------------------------------------- Docker probe

# Asks Docker's socket whether it is there; false when the socket cannot even be connected to.
sub probe_docker {
	my ($id) = @_;
	socket my $socket, AF_UNIX, SOCK_STREAM, 0 or return 0;
	nonblocking($socket);
	if (!connect $socket, pack_sockaddr_un(DOCKER_SOCKET)) { $docker = 0; return 0 }
	syswrite $socket, "GET /_ping HTTP/1.0\r\n\r\n" or return 0;
	$probes{ fileno $socket } = { socket => $socket, id => $id, deadline => now() + 5 };
	return 1;
}

sub finish_probe {
	my ($probe, $up) = @_;
	delete $probes{ fileno $probe->{socket} };
	close $probe->{socket};
	my $news = $up && !$docker;
	$docker = $up;
	answer($probe->{id}, status_fields()) if defined $probe->{id};
	event('docker-ready') if $news;
}

# ---------------------------------------------------------------- exec jobs

sub pump_job {
	my ($job, $stream) = @_;
	my ($pipe, $name) = $stream eq 'out' ? ($job->{out}, 'stdout') : ($job->{err}, 'stderr');
	my $count = sysread $pipe, my $bytes, READ_BYTES;
	return if !defined $count && ($!{EAGAIN} || $!{EINTR});
	if (!$count) { close $pipe; delete $job->{$stream}; return }
	my $room = OUTPUT_MAX_BYTES - length $job->{$name};
	$job->{truncated} = 1 if $room < $count;
	$job->{$name} .= substr $bytes, 0, $room if $room > 0;
}

sub feed_job {
	my ($job) = @_;
	my $count = length $job->{stdin} ? syswrite $job->{in}, $job->{stdin} : 0;
	return if !defined $count && ($!{EAGAIN} || $!{EINTR});
	substr $job->{stdin}, 0, $count // length $job->{stdin}, '';
	if (!length $job->{stdin}) { close $job->{in}; delete $job->{in} }
}

# A job is answered when its process has ended and its pipes are drained; a grandchild that keeps a pipe open
# is not waited for.
sub settle_jobs {
	while ((my $pid = waitpid -1, WNOHANG) > 0) {
		my $job = $jobs{$pid} or next;
		$job->{code} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
		$job->{grace} = now() + 0.2;
	}
	for my $pid (keys %jobs) {
		my $job = $jobs{$pid};
		if (!defined $job->{code}) {
			next if !$job->{deadline} || now() < $job->{deadline};
			kill 'KILL', -$pid;
			$job->{timed_out} = 1;
			delete $job->{deadline};
			next;
		}
		next if ($job->{out} || $job->{err}) && now() < $job->{grace};
		delete $jobs{$pid};
		answer(
			$job->{id},
			{
				exitCode => \$job->{code},
				stdout   => $job->{stdout},
				stderr   => $job->{stderr},
				($job->{timed_out} ? (timedOut  => \'true') : ()),
				($job->{truncated} ? (truncated => \'true') : ()),
			}
		);
	}
}

# ---------------------------------------------------------------- the port

sub answer {
	my ($id, $fields) = @_;
	$outbox .= encode_json({ id => $id, ok => \'true', %$fields }) . "\n";
}

sub event {
	my ($name) = @_;
	$outbox .= encode_json({ event => $name }) . "\n" if !$away;
}

sub handle_line {
	my ($line) = @_;
	my $request = eval { decode_json($line) };
	return if ref $request ne 'HASH' || !defined $request->{id} || ref $request->{id};
	my $operation = $OPERATIONS{ $request->{op} // '' };
	my $fields = eval { ($operation // die "no such operation\n")->($request) };
	if (my $error = $@) {
		chomp $error;
		$outbox .= encode_json({ id => $request->{id}, ok => \'false', error => $error }) . "\n";
	}
	elsif ($fields) { answer($request->{id}, $fields) }
}

# Signals only while nobody is there: with a host each piece of data would be one.
sub set_away {
	($away) = @_;
	my $flags = fcntl($port, F_GETFL, 0) & ~O_ASYNC;
	fcntl $port, F_SETFL, $flags | ($away ? O_ASYNC : 0);
	$look_now = $away;
}

sub read_port {
	my $count = sysread $port, $inbox, READ_BYTES, length $inbox;
	if (defined $count ? $count : $!{EAGAIN}) {
		if ($away) {
			set_away(0);
			event('docker-ready') if $docker;
		}
	}
	if (!$count) {
		return if !defined $count && ($!{EAGAIN} || $!{EINTR});
		# Nobody is there, so what was half said is void in both directions.
		($inbox, $outbox, $skipping) = ('', '', 0);
		set_away(1) if !$away;
		return;
	}
	while ((my $end = index $inbox, "\n") >= 0) {
		my $line = substr $inbox, 0, $end + 1, '';
		if ($skipping) { $skipping = 0; next }
		handle_line($line) if $line =~ /\S/;
	}
	if (length $inbox > LINE_MAX_BYTES) { ($inbox, $skipping) = ('', 1) }
}

sub write_port {
	my $count = syswrite $port, $outbox;
	substr $outbox, 0, $count, '' if $count;
}

sub turn {
	my ($reads, $writes) = ('', '');
	my $timeout = 60;
	my $earlier = sub { $timeout = $_[0] if $_[0] < $timeout };

	$away ? $earlier->($look_now ? 0 : AWAY_SLEEP) : (vec($reads, fileno $port, 1) = 1);
	$look_now = 0;
	vec($writes, fileno $port, 1) = 1 if !$away && length $outbox;
	vec($reads, $_, 1) = 1 for keys %probes;
	for my $job (values %jobs) {
		for my $stream (qw(out err)) { vec($reads, fileno $job->{$stream}, 1) = 1 if $job->{$stream} }
		vec($writes, fileno $job->{in}, 1) = 1 if $job->{in};
		$earlier->($job->{deadline} - now()) if $job->{deadline};
		$earlier->(0.05) if defined $job->{code};
	}
	$earlier->(DOCKER_SLEEP) if !$docker;
	$earlier->(1) if %probes;

	my $ready = select $reads, $writes, undef, $timeout < 0 ? 0 : $timeout;
	($reads, $writes) = ('', '') if $ready <= 0;

	read_port() if $away || vec $reads, fileno $port, 1;
	for my $probe (values %probes) {
		if (vec $reads, fileno $probe->{socket}, 1) {
			sysread $probe->{socket}, my $reply, READ_BYTES;
			finish_probe($probe, ($reply // '') =~ m{^HTTP/\S+ 200} ? 1 : 0);
		}
		elsif (now() > $probe->{deadline}) { finish_probe($probe, 0) }
	}
	for my $job (values %jobs) {
		for my $stream (qw(out err)) {
			pump_job($job, $stream) if $job->{$stream} && vec $reads, fileno $job->{$stream}, 1;
		}
		feed_job($job) if $job->{in} && vec $writes, fileno $job->{in}, 1;
	}
	settle_jobs();
	if (!$docker && !%probes && now() >= $probe_at) {
		$probe_at = now() + DOCKER_SLEEP;
		probe_docker(undef);
	}
	write_port() if !$away && length $outbox;
}

$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };
$SIG{IO} = sub { $look_now = 1 };
until (sysopen $port, PORT, O_RDWR | O_NONBLOCK) {
	warn PORT . ": $!\n";
	select undef, undef, undef, 1;
}
fcntl $port, F_SETOWN, 0 + $$ or warn "F_SETOWN: $!\n";
set_away(1);
while (1) {
	eval { turn(); 1 } or warn $@;
}
