#!/bin/sh
# firmware-config/build.sh PROFILE INPUTS OUT: makes the image of the device; PROFILE is release or ci.
#
# Threats: an image that holds more than was asked for, and one that nobody can make again. Packages are unpacked, not
# installed: no script of a package runs, here or ever. The same commit, inputs and tools give the same bits.
# Writes OUT/{vmlinuz,root.img,SHA256SUMS}, twice {initrd.img,cmdline,signer.efi} (the second time {media-initrd.img,
# media-cmdline,media.efi}, which reads sticks and signs nothing), and the lists of what is in them. Needs root.
# SIGN_KEY and SIGN_CERTIFICATE (PEM) sign both for Secure Boot.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
project=$(dirname -- "$here")
[ $# = 3 ] || { echo "usage: firmware-config/build.sh release|ci INPUTS OUT" >&2 && exit 2; }
profile=$1
mkdir -p "$2" "$3"
inputs=$(CDPATH='' cd -- "$2" && pwd)
out=$(CDPATH='' cd -- "$3" && pwd)
export LC_ALL=C TZ=UTC PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
PATH=$PATH:/usr/sbin:/sbin
umask 022

began=$(date +%s)
step() { printf '[%s/8] %4s s  %s\n' "$1" "$(($(date +%s) - began))" "$2"; }
die() {
    printf 'build: %s\n' "$1" >&2
    exit 1
}
names() { grep -hv '^#' "$@" 2>/dev/null || :; }
# listed TREE PREFIX: mode, then content or target, and path of all that is in it.
listed() (
    cd "$1"
    find . -type f -printf '%m %P\n' | while read -r mode path; do
        printf '%s %s %s%s\n' "$mode" "$(sha256sum <"$path" | cut -d ' ' -f 1)" "$2" "$path"
    done
    find . -type l -printf "link %l $2%P\\n"
)
# All later changes of a file get the one time of this build.
settle() { find "$1" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +; }

case $profile in release) extra= ;; ci) extra=$here/profiles/ci ;; *) die "no profile $profile" ;; esac
[ "$(id -u)" = 0 ] || die "must be run as root: the root's files belong to root"
work=$(mktemp -d /var/tmp/custody-image.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
root=$work/root boot=$work/boot initrd=$work/initrd media=$work/media

step 1 "inputs, checked against the locks"
"$here/inputs.sh" "$inputs"

step 2 "packages, unpacked"
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$boot"
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
for deb in "$inputs"/debs/*.deb; do
    if names "$here/image/boot.list" | grep -qxF "$(dpkg-deb --field "$deb" Package)"; then
        dpkg-deb --extract "$deb" "$boot"
    else
        dpkg-deb --fsys-tarfile "$deb" | tar -xp -C "$root" --keep-directory-symlink \
            --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/share/i18n
    fi
done
cp "$here/image/packages.lock" "$out/packages"

step 3 "the product, from its wheels"
# pip looks at nothing but this folder.
python=$project/.venv/bin/python
mkdir "$work/wheels" "$work/source"
(cd "$project" && cp -r custody pyproject.toml README.md LICENSE "$work/source" && find "$work/source" -name __pycache__ -prune -exec rm -r {} +)
"$python" -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation \
    --wheel-dir "$work/wheels" "$work/source"
site=$root/usr/local/lib/python3.11/dist-packages
"$python" -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-index --no-deps --no-compile \
    --only-binary :all: --implementation cp --python-version 3.11 --target "$site" "$work"/wheels/*.whl "$inputs"/wheels/*.whl
rm -rf "$site/bin"
find "$site" \( -name RECORD -o -name direct_url.json -o -name REQUESTED -o -name INSTALLER \) -delete

step 4 "only the modules and programs that are allowed; the overlay"
version=$(ls "$boot/lib/modules")
depmod -b "$boot" "$version"
mkdir -p "$initrd/usr/lib/modules/$version" "$initrd/usr/bin" "$initrd/usr/sbin" "$initrd/usr/lib/x86_64-linux-gnu"
for folder in bin sbin lib; do ln -s "usr/$folder" "$initrd/$folder"; done
ln -s usr/lib/x86_64-linux-gnu "$initrd/lib64"
"$python" -I "$here/modules/prune.py" "$boot/lib/modules/$version" "$here/modules/allow.list" \
    ${extra:+"$extra/modules.list"} --initrd "$initrd/usr/lib/modules/$version" --names "$out/modules" \
    --sticks "$here/media/modules.list" "$media/usr/lib/modules/$version"
"$here/image/prune.sh" "$root"
cp -r "$boot/lib/modules" "$root/usr/lib/modules"
depmod -b "$root" "$version"
cp -r "$here/overlay/." "$root"
[ -z "$extra" ] || cp -r "$extra/overlay/." "$root"
mkdir -p "$root/etc/modules-load.d"
sed 's/.*kernel/kernel/; s/.*\///; s/\.ko$//' "$out/modules" >"$root/etc/modules-load.d/signer.conf"
ldconfig -X -r "$root" && rm -rf "$root/var/cache"
"$python" -I -m compileall -q -j 2 --invalidation-mode unchecked-hash -s "$root" -p / "$root/usr/lib/python3.11" \
    "$root/usr/lib/python3" "$site" >/dev/null || :
settle "$root"

step 5 "root: squashfs under dm-verity"
rm -f "$out/root.img"
mksquashfs "$root" "$out/root.img" -noappend -quiet -no-progress -comp zstd -Xcompression-level 15 -processors 2 -reproducible \
    -no-xattrs -all-root
blocks=$((($(stat -c %s "$out/root.img") + 4095) / 4096))
truncate -s $((blocks * 4096)) "$out/root.img"
salt=$(printf 'custody signer root' | sha256sum | cut -d ' ' -f 1)
veritysetup format --salt="$salt" --uuid=c0570d1c-0000-4000-8000-000000000001 --hash-offset=$((blocks * 4096)) \
    --root-hash-file="$out/root.hash" "$out/root.img" "$out/root.img" >/dev/null

step 6 "initrd"
cp "$boot/bin/busybox" "$initrd/bin/busybox"
cp "$here/initrd/init" "$initrd/init" && chmod 755 "$initrd/init"
mkdir "$work/tools"
for deb in "$inputs"/debs/dmsetup_*.deb; do dpkg-deb --extract "$deb" "$work/tools"; done
cp "$work/tools/sbin/dmsetup" "$initrd/sbin/dmsetup"
for library in $("$project/.venv/bin/python" -I "$here/image/libraries.py" "$root" "$initrd/sbin/dmsetup"); do
    mkdir -p "$initrd/$(dirname "$library")"
    cp -L "$root/$library" "$initrd/$library"
done
{ names "$here/modules/allow.list" ${extra:+"$extra/modules.list"} | sed -n 's/^+//p'; } >"$initrd/modules.load"
printf 'blocks=%s\nsalt=%s\n' "$blocks" "$salt" >"$initrd/root.conf"
cp "$boot/lib/modules/$version"/modules.builtin* "$boot/lib/modules/$version"/modules.order "$initrd/usr/lib/modules/$version"
: >"$initrd/modules.later"
cp -r -n "$initrd/." "$media"
names "$here/media/modules.list" >"$media/modules.later"
# pack TREE FILE
pack() {
    depmod -b "$1" "$version"
    settle "$1"
    (cd "$1" && find . -print0 | sort -z | cpio --quiet --null -o -H newc --reproducible -R 0:0) | zstd -q -T1 -19 >"$2"
}
pack "$initrd" "$out/initrd.img"
pack "$media" "$out/media-initrd.img"
{ listed "$root" "" && listed "$initrd" initrd: && listed "$media" media-initrd:; } | sort -k 3 >"$out/files"

step 7 "boot images"
cp "$boot/boot/vmlinuz-$version" "$out/vmlinuz"
{ sed "s/@ROOT_HASH@/$(cat "$out/root.hash")/" "$here/kernel/cmdline" && cat ${extra:+"$extra/cmdline"} </dev/null; } | paste -sd ' ' >"$out/cmdline"
paste -d ' ' "$out/cmdline" "$here/media/cmdline" >"$out/media-cmdline"
# unified CMDLINE INITRD FILE
unified() {
    objcopy --add-section .osrel="$here/overlay/etc/os-release" --change-section-vma .osrel=0x20000 \
        --add-section .cmdline="$1" --change-section-vma .cmdline=0x30000 \
        --add-section .linux="$out/vmlinuz" --change-section-vma .linux=0x2000000 \
        --add-section .initrd="$2" --change-section-vma .initrd=0x4000000 \
        "$boot/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$3"
    "$python" -I "$here/image/settle_pe.py" "$3" "$SOURCE_DATE_EPOCH"
    [ -z "${SIGN_KEY:-}" ] || sbsign --key "$SIGN_KEY" --cert "$SIGN_CERTIFICATE" --output "$3" "$3"
}
unified "$out/cmdline" "$out/initrd.img" "$out/signer.efi"
unified "$out/media-cmdline" "$out/media-initrd.img" "$out/media.efi"

step 8 "sums"
"$python" -I "$here/image/sbom.py" "$root" "$boot" "$here/image/packages.lock" "$here/image/wheels.lock" >"$out/sbom.cdx.json"
PYTHONPATH=$project "$python" "$here/image/hashes.py" "$out/signer.efi" "$out/media.efi" "$out/root.img" >"$out/HASHES"
(
    cd "$out"
    sha256sum HASHES cmdline files initrd.img media-cmdline media-initrd.img media.efi modules packages root.hash root.img sbom.cdx.json signer.efi vmlinuz
) >"$out/SHA256SUMS"
printf 'image: root %s MiB, initrd %s KiB, %s modules, %s programs, root hash %s\n' \
    "$(($(stat -c %s "$out/root.img") / 1048576))" "$(($(stat -c %s "$out/initrd.img") / 1024))" \
    "$(wc -l <"$out/modules")" "$(names "$here/image/programs.list" | wc -l)" "$(cat "$out/root.hash")"
