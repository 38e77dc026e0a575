# The guest's own tree.

fill_guest() {
	install -m 755 "$work/base/usr/sbin/policy-rc.d" "$work/guest/usr/sbin/policy-rc.d"
	enter guest
	install_into guest "$(list guest)"
	leave guest
	unpack_kernel
}

finish_guest() {
	guest=$work/guest
	rm -f "$guest/usr/sbin/policy-rc.d" "$guest/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
	rm -f "$guest/usr/bin/ctr" "$guest/usr/bin/containerd-shim" "$guest/usr/bin/containerd-shim-runc-v1"
	install -d "$guest/usr/lib/spectest" "$guest/etc/docker" "$guest/etc/containerd"
	for program in init supervise shutdown agent.pl; do
		install -m 755 "$assets/guest/$program" "$guest/usr/lib/spectest/$program"
	done
	for data in modules sysctl; do install -m 644 "$assets/guest/$data" "$guest/usr/lib/spectest/$data"; done
	install -m 644 "$assets/guest/daemon.json" "$guest/etc/docker/daemon.json"
	install -m 644 "$assets/guest/containerd.toml" "$guest/etc/containerd/config.toml"
	echo spectest >"$guest/etc/hostname"
	printf '127.0.0.1 localhost spectest\n::1 localhost\n' >"$guest/etc/hosts"
	rm -f "$guest/etc/resolv.conf"
	echo 'nameserver 10.0.2.3' >"$guest/etc/resolv.conf"
	# One file for the guest and for spectest/node: the page cache holds Node once.
	install -d "$guest/usr/local/bin"
	ln "$work/node" "$guest/usr/local/bin/node"
	tidy guest
	: >"$guest/etc/machine-id"
}
