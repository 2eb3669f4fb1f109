#!/bin/sh
# firmware-config/image/prune.sh ROOT: takes out of an unpacked root what the device does without.
#
# Threats: a tool for whoever gets in; a file that makes two builds differ (what is generated is not kept).
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$1
cd "$root"
die() {
    printf 'prune: %s\n' "$1" >&2
    exit 1
}

# Settings of packages: only those that the programs which stay cannot do without. The rest of /etc is the overlay.
find etc -mindepth 1 -maxdepth 1 ! -name apparmor.d ! -name ld.so.conf ! -name ld.so.conf.d \
    ! -name udev -exec rm -r {} +
find etc/apparmor.d -mindepth 1 -maxdepth 1 ! -name abi -exec rm -r {} +
# Package lists, caches, logs; what is shared but the licences.
rm -r var
find usr/share -mindepth 1 -maxdepth 1 ! -name doc -exec rm -r {} +
find usr/share/doc -type f ! -name copyright -delete
rm -rf usr/games usr/include usr/local/bin usr/local/share usr/src usr/libexec
# Of Python: what compiles itself, tests, teaching, windows.
(
    cd usr/lib/python3.11
    rm -rf test idlelib tkinter turtledemo turtle.py ensurepip lib2to3 pydoc_data distutils
)
find . -depth -type d -name __pycache__ -exec rm -r {} +
# Rules by which udev names and loads; none that starts a program or opens a seat.
find usr/lib/udev -mindepth 1 -maxdepth 1 ! -name rules.d -exec rm -r {} +
find usr/lib/udev/rules.d -type f ! -name 50-udev-default.rules ! -name 60-persistent-storage.rules \
    ! -name 60-persistent-storage-dm.rules ! -name 80-drivers.rules ! -name 99-systemd.rules -delete

# Programs.
keep=$(mktemp) drop=$(mktemp)
grep -v '^#' "$here/programs.list" >"$keep"
while read -r one; do [ -f "$one" ] || die "$one is not there"; done <"$keep"
find . -type f -perm /111 -printf '%P\n' | grep -vE '\.so(\.[0-9]+)*$' | grep -vxFf "$keep" >"$drop" || :
grep -E '\.py$' "$drop" | xargs -r chmod a-x
grep -vE '\.py$' "$drop" | xargs -r rm --
rm "$keep" "$drop"
find . -type f -perm /7000 -exec chmod ug-s,o-t {} +

# Units, and names that lead nowhere.
find usr/lib/systemd/system -mindepth 1 ! -type d -printf '%f\n' | sort -u | grep -vxFf "$here/units.list" |
    while read -r one; do find usr/lib/systemd/system -name "$one" ! -type d -delete; done
rm -rf usr/lib/systemd/user usr/lib/systemd/user-* usr/lib/systemd/network usr/lib/systemd/ntp-units.d \
    usr/lib/systemd/catalog usr/lib/systemd/system-sleep usr/lib/systemd/portable usr/lib/systemd/boot \
    usr/lib/tmpfiles.d usr/lib/sysusers.d usr/lib/sysctl.d usr/lib/modules-load.d usr/lib/modprobe.d usr/lib/environment.d
# /proc and /run are no files of the image: what leads there stays.
find . -type l | while read -r link; do
    target=$(readlink "$link")
    case $target in
    /dev/* | /proc/* | /run/*) continue ;;
    /*) [ -e ".$target" ] || rm -- "$link" ;;
    *) [ -e "$link" ] || rm -- "$link" ;;
    esac
done
find usr -depth -type d -empty -delete
mkdir -p dev etc proc sys run tmp var home root
chmod 0700 root home
