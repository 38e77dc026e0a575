# Kernel, the modules the guest may need, and an initial RAM disk of a handful of them.

# The package is unpacked rather than installed: no initramfs-tools, and a fifth of its modules.
unpack_kernel() {
	mkdir "$work/kernel"
	package=$(APT_CONFIG=$work/guest.apt.conf apt-cache -o Dir::State::Lists="$work/lists/lists" depends linux-image-amd64 |
		sed -n 's/.*Depends: *//p' | head -n 1)
	(cd "$work/kernel" && APT_CONFIG=$work/guest.apt.conf apt-get -c "$work/apt-options" -o Dir::State::Lists="$work/lists/lists" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root download "$package")
	set --
	while read -r wanted; do
		[ -n "$wanted" ] && set -- "$@" "./usr/lib/modules/*/kernel/$wanted"
	done <"$assets/build/kernel-modules"
	dpkg-deb --fsys-tarfile "$work/kernel"/*.deb |
		tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*' './usr/lib/modules/*/modules.*' "$@"
	rm "$work/kernel"/*.deb
	kernel_version=$(ls "$work/kernel/usr/lib/modules")
	find "$work/kernel/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} +
	mkdir -p "$work/guest/usr/lib/modules"
	mv "$work/kernel/usr/lib/modules/$kernel_version" "$work/guest/usr/lib/modules/"
	chroot "$work/guest" depmod "$kernel_version"
}

make_initrd() {
	tree=$work/initrd
	kernel_version=$(ls "$work/guest/usr/lib/modules")
	mkdir -p "$tree/bin" "$tree/modules" "$tree/dev" "$tree/proc" "$tree/newroot"
	cp "$work/guest/usr/bin/busybox" "$tree/bin/"
	install -m 755 "$assets/guest/initrd-init" "$tree/init"
	for module in virtio_blk ext4; do
		chroot "$work/guest" modprobe -S "$kernel_version" --show-depends "$module"
	done | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' | while read -r path; do
		cp "$work/guest$path" "$tree/modules/"
		echo "${path##*/}" >>"$tree/modules/order"
	done
	[ -s "$tree/modules/order" ]
	# Not compressed: unpacking 6 MB is quicker than inflating it on an emulated processor.
	(cd "$tree" && find . | "$work/guest/usr/bin/busybox" cpio -o -H newc) >"$work/initrd.img"
}

write_boot_files() {
	make_initrd
	cat "$work/kernel/boot"/vmlinuz-* >&8
	cat "$work/initrd.img" >&9
}
